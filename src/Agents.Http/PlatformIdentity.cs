using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>
/// Azure App Service's authentication in front of this host ("Easy Auth"). It passes on who asks in a header that nobody outside can set:
/// but only while it is on, asks everybody, and is asked of the path. So a host that trusts the header checks all three when it starts.
/// </summary>
public static class PlatformIdentity
{
    private const string Enabled = "WEBSITE_AUTH_ENABLED";
    private const string Config = "WEBSITE_AUTH_V2_CONFIG_JSON";

    /// <summary>
    /// The paths that the platform may let through without asking who it is (<c>globalValidation.excludedPaths</c>); <c>/a</c> is where personal links lead. There the
    /// header is not read.
    /// </summary>
    public static IReadOnlyList<string> ExcludedPaths { get; } = ["/health/live", "/health/ready", "/a"];

    public static bool IsExcluded(PathString path) => ExcludedPaths.Any(excluded => path.StartsWithSegments(excluded, StringComparison.OrdinalIgnoreCase));

    /// <summary>Checks, by the variables that the platform sets, that it authenticates every request but those of <see cref="ExcludedPaths"/>.</summary>
    /// <param name="variable">The value of an environment variable; null for one that is not set.</param>
    /// <exception cref="PlatformIdentityException">It does not, or does not say so.</exception>
    public static void Check(Func<string, string?> variable)
    {
        if (!bool.TryParse(variable(Enabled), out var enabled) || !enabled)
        {
            throw Refused(Enabled, "is not 'true': the platform does not authenticate, and anybody could set its header", "Turn on authentication for the app (authsettingsV2: platform.enabled)");
        }

        if (variable(Config) is not { Length: > 0 } text)
        {
            throw Refused(Config, "is not set, so nothing says which requests the platform authenticates", "Configure authentication as authsettingsV2, which sets it");
        }

        try
        {
            using var config = JsonDocument.Parse(text);
            Check(config.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Refused(Config, $"cannot be read: {e.Message}", "Configure authentication as authsettingsV2, which sets it");
        }
    }

    private static void Check(JsonElement config)
    {
        if (Find(config, "platform", "enabled") is { ValueKind: not JsonValueKind.True })
        {
            throw Refused(Config, "says that platform.enabled is not true", "Turn on authentication for the app");
        }

        if (Find(config, "globalValidation", "requireAuthentication") is not { ValueKind: JsonValueKind.True })
        {
            throw Refused(Config, "does not say that globalValidation.requireAuthentication is true", "Set it");
        }

        // A word in the resource, a number in the variable.
        if (Find(config, "globalValidation", "unauthenticatedClientAction") is { } action && action.ToString() is "AllowAnonymous" or "1")
        {
            throw Refused(Config, "says that globalValidation.unauthenticatedClientAction is AllowAnonymous", "Set Return401");
        }

        if (Find(config, "globalValidation", "excludedPaths") is { ValueKind: not JsonValueKind.Null } excluded
            && excluded.EnumerateArray().Select(path => path.GetString() ?? "").FirstOrDefault(path => !ExcludedPaths.Contains(path, StringComparer.OrdinalIgnoreCase)) is { } other)
        {
            throw Refused(Config, $"has '{other}' among globalValidation.excludedPaths", $"Exclude nothing but {string.Join(", ", ExcludedPaths)}");
        }
    }

    private static JsonElement? Find(JsonElement config, string section, string name) =>
        config.TryGetProperty(section, out var part) && part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var value) ? value : null;

    private static PlatformIdentityException Refused(string setting, string fact, string remedy) =>
        new($"{setting} {fact}. {remedy}, or tell callers by API keys: HOLDFAST_IDENTITY=keys.");
}

/// <summary>The platform's header cannot be trusted as the host is configured: the message names the setting, the fact and the remedy.</summary>
public sealed class PlatformIdentityException(string message) : Exception(message);

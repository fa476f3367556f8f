using System.Globalization;
using Holdfast.Agents.Identity;

namespace Holdfast.Host.Local.Commands;

/// <summary>API keys, for the operator.</summary>
internal static class KeyCommands
{
    private const string Never = "never";
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static IReadOnlyList<Command> All { get; } =
    [
        new("keys add", "--name NAME --tenant TENANT --roles ROLE,ROLE [--expires 90d]",
            $"Makes an API key and shows it, once. Roles: {string.Join(", ", Roles.All)}. --expires takes {Never}, too.",
            async (store, given, _) => Issued(await new ApiKeys(store).AddAsync(new NewApiKey(
                given.Get("name"), given.Get("tenant"), given.Get("roles").Split(',', StringSplitOptions.TrimEntries),
                given.Find("expires") == Never ? null : given.Duration("expires", "90d", TimeSpan.FromMinutes(1), Longest)))))
        { Begins = true },
        new("keys list", "", "Shows every key that is or was, by its prefix.",
            async (store, _, _) => new(0, List(await new ApiKeys(store).ListAsync()), "")),
        new("keys rotate", "PREFIX [--overlap 1h]", "Makes another key in its place, and lets it go on for the overlap.",
            async (store, given, _) => Issued(await new ApiKeys(store).RotateAsync(given.Word, given.Duration("overlap", "1h", TimeSpan.Zero, TimeSpan.FromDays(90))))),
        new("keys revoke", "PREFIX", "Ends a key, and those that it has replaced: within seconds they are refused everywhere.",
            async (store, given, _) => new(0, "", $"Key {(await new ApiKeys(store).RevokeAsync(given.Word)).Prefix} is revoked. Every host refuses it within {KeyMemory} seconds. A key that it has replaced ends with it.")),
    ];

    private static int KeyMemory => (int)ApiKeys.RevokedWithin.TotalSeconds;

    private static CommandAnswer Issued(IssuedApiKey issued) => new(0, issued.Text + Environment.NewLine,
        $"Key {issued.Key.Prefix} of '{issued.Key.Name}', tenant '{issued.Key.Tenant}', roles {string.Join(", ", issued.Key.Roles)}, expires {Show(issued.Key.ExpiresAt, Never)}. It is not shown again: keep it now.");

    private static string List(IReadOnlyList<ApiKey> keys)
    {
        List<string[]> rows = [["PREFIX", "NAME", "TENANT", "ROLES", "CREATED", "EXPIRES", "LAST USED", "STATE"]];
        rows.AddRange(keys.Select(key => new[]
        {
            key.Prefix, key.Name, key.Tenant, string.Join(',', key.Roles), Show(key.CreatedAt, ""), Show(key.ExpiresAt, Never), Show(key.LastUsedAt, "-"), State(key),
        }));
        return Table.Of(rows);
    }

    private static string State(ApiKey key) => key.RevokedAt is { } at ? $"revoked {Show(at, "")}" : key.HasExpired(TimeProvider.System.GetUtcNow()) ? "expired"
        : key.ReplacedBy is { } next ? $"rotated to {next}" : "good";

    private static string Show(DateTimeOffset? time, string otherwise) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture) ?? otherwise;
}

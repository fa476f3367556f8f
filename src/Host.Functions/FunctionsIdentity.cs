using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Functions;

/// <summary>Who makes a request: what the platform's sign-in says, or an API key.</summary>
internal static class FunctionsIdentity
{
    /// <exception cref="PlatformIdentityException">The platform is to say who asks, but does not stand before every request.</exception>
    public static void Check(FunctionsSettings settings)
    {
        if (settings.PlatformIdentifies)
        {
            PlatformIdentity.Check(Environment.GetEnvironmentVariable);
        }
    }

    /// <param name="store">Asked for only while the host is ready.</param>
    public static Func<HttpContext, ValueTask<Principal?>> Of(FunctionsSettings settings, Func<AgentStore> store, ILoggerFactory loggers) => settings.PlatformIdentifies
        ? Identification.Platform(new RateLimits(), TimeProvider.System)
        : Identification.Keys(store, new RateLimits(), TimeProvider.System, loggers);
}

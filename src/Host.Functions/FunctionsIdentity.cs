using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Host.Functions;

/// <summary>Who makes a request.</summary>
internal static class FunctionsIdentity
{
    public static Func<HttpContext, Principal?> Of(FunctionsSettings settings) =>
        settings.PlatformIdentifies ? static _ => null : static _ => null;
}

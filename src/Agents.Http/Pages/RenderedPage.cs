namespace Holdfast.Agents.Http.Pages;

/// <param name="Html">A whole document.</param>
/// <param name="ContentSecurityPolicy">The header that goes with it: nothing is fetched, nothing is run but what has its digest here.</param>
public sealed record RenderedPage(string Html, string ContentSecurityPolicy)
{
    public const string ContentType = "text/html; charset=utf-8";
}

namespace Holdfast.Agents.Http;

/// <summary>Where people reach a host's pages, as a setting gives it.</summary>
public static class PageAddress
{
    /// <returns>Null for what is no address of scheme (http or https), name and port alone: links are made at the root, and nobody's password belongs into one.</returns>
    public static Uri? Read(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
        && url is { UserInfo.Length: 0, PathAndQuery: "/", Fragment.Length: 0 } ? url : null;
}

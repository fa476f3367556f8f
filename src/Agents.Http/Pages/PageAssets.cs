using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Agents.Http.Pages;

/// <summary>A text that stands in every page as it is.</summary>
/// <param name="Source">Its digest, as a Content-Security-Policy names it.</param>
internal sealed record PageAsset(MarkupString Text, string Source);

internal static class PageAssets
{
    public static PageAsset Styles { get; } = Read("pages.css");

    public static PageAsset InboxScript { get; } = Read("inbox.js");

    /// <summary>Without indents and comments of a line, a style sheet also without spaces that mean nothing: what is left is what the digest is of.</summary>
    private static PageAsset Read(string name)
    {
        using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded. See Agents.Http.csproj.");
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && !line.StartsWith("/*", StringComparison.Ordinal) && !line.StartsWith("//", StringComparison.Ordinal));
        var text = string.Join('\n', lines);
        if (name.EndsWith(".css", StringComparison.Ordinal))
        {
            text = text.Replace(" {", "{").Replace("{ ", "{").Replace("; ", ";").Replace(": ", ":").Replace(", ", ",").Replace(";}", "}").Replace(" }", "}").Replace(";}", "}");
        }

        return new(new(text), $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'");
    }
}

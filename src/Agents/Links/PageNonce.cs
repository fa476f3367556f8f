using System.Globalization;
using System.Text.Json.Serialization;
using Holdfast.Agents.Identity;

namespace Holdfast.Agents.Links;

/// <summary>
/// What a page's form carries: that we have shown this, to this reader, not long ago. Nothing is stored for it. It is no leave to decide, and may be
/// sent twice: who decides and whether they may is asked at the decision.
/// </summary>
internal static class PageNonce
{
    /// <summary>How long a page can stay open before its form is refused.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromHours(12);

    // Two hosts of one store show and take the same form, and their clocks differ.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private const int Version = 1;

    /// <param name="shown">The digest of what the page showed.</param>
    public static string Write(LinkKeys keys, PageReader reader, string approval, string digest, string shown, DateTimeOffset now) => SignedText.Write(
        keys.Signing, LinkUse.View, new Said(Version, keys.Signing.Id, reader.Name, approval, digest, shown, now.ToUnixTimeSeconds()), SignedJson.Default.View);

    /// <returns>What was seen; null where it is not ours, another's, about something else, or too old: the page is to be opened again.</returns>
    public static SeenPage? Verify(LinkKeys keys, string nonce, PageReader reader, string approval, string digest, DateTimeOffset now)
    {
        var (said, key, _) = SignedText.Read(keys, LinkUse.View, nonce, SignedJson.Default.View);
        return said is not null && said.Version == Version && said.Key == key!.Id && said.Reader == reader.Name && said.Approval == approval && said.Digest == digest
            && now.ToUnixTimeSeconds() - said.At is var age && age >= -(long)Skew.TotalSeconds && age < (long)GoodFor.TotalSeconds
            ? new SeenPage(said.Shown, key.Id) : null;
    }

    internal sealed record Said(
        [property: JsonPropertyName("v")] int Version, [property: JsonPropertyName("k")] string Key, [property: JsonPropertyName("r")] string Reader,
        [property: JsonPropertyName("a")] string Approval, [property: JsonPropertyName("d")] string Digest, [property: JsonPropertyName("w")] string Shown,
        [property: JsonPropertyName("i")] long At);
}

/// <summary>Whom a page was shown to.</summary>
internal sealed record PageReader
{
    private PageReader(string name) => Name = name;

    public string Name { get; }

    /// <param name="link">Its id.</param>
    public static PageReader Of(string link) => new($"link {link}");

    // With the length of the first, whatever stands in the two: no two readers have one name.
    public static PageReader Of(Principal principal) => new(string.Create(CultureInfo.InvariantCulture, $"principal {principal.Tenant.Length} {principal.Tenant} {principal.Id}"));
}

/// <summary>What a reader had before them.</summary>
/// <param name="Digest">Of what the page showed.</param>
/// <param name="Key">The id of the key that says so.</param>
internal sealed record SeenPage(string Digest, string Key);

using System.Text.Json.Serialization;

namespace Holdfast.Agents.Links;

/// <summary>
/// What stands in a personal link (<c>/a?t=TOKEN</c>) and makes its holder the person it was sent to. It is made from the link's row whenever it is
/// needed, and stored nowhere.
/// </summary>
internal static class LinkToken
{
    private const int Version = 1;

    public static string Write(LinkKeys keys, LinkClaims claims) => SignedText.Write(keys.Signing, LinkUse.Link,
        new Said(Version, keys.Signing.Id, claims.Link, claims.Approval, claims.Digest, claims.Person, claims.Tenant, Seconds(claims.ExpiresAt)), SignedJson.Default.Link);

    public static LinkReading Read(LinkKeys keys, string token)
    {
        var (said, key, fault) = SignedText.Read(keys, LinkUse.Link, token, SignedJson.Default.Link);
        return said is null ? new(null, null, fault)
            : said.Version != Version || said.Key != key!.Id || said.Expires is < 0 or > Latest ? new(null, null, LinkFault.Malformed)
            : new(new LinkClaims(said.Link, said.Approval, said.Digest, said.Person, said.Tenant, DateTimeOffset.FromUnixTimeSeconds(said.Expires)), said.Key, LinkFault.None);
    }

    private const long Latest = 253_402_300_799; // the last second of the year 9999

    // Up: until when the link is good is said by its row, to the tick.
    private static long Seconds(DateTimeOffset time) => Math.Min(Latest, (long)Math.Ceiling((time - DateTimeOffset.UnixEpoch).TotalSeconds));

    internal sealed record Said(
        [property: JsonPropertyName("v")] int Version, [property: JsonPropertyName("k")] string Key, [property: JsonPropertyName("l")] string Link,
        [property: JsonPropertyName("a")] string Approval, [property: JsonPropertyName("d")] string Digest, [property: JsonPropertyName("p")] string Person,
        [property: JsonPropertyName("t")] string Tenant, [property: JsonPropertyName("x")] long Expires);
}

/// <summary>What a link says: who it makes its holder, and what it leads to.</summary>
/// <param name="Link">The id of its row.</param>
/// <param name="Digest">The approval's, as it was when the link was sent.</param>
internal sealed record LinkClaims(string Link, string Approval, string Digest, string Person, string Tenant, DateTimeOffset ExpiresAt);

/// <param name="Claims">Null where there is a fault.</param>
/// <param name="Key">The id of the key that has signed it.</param>
internal sealed record LinkReading(LinkClaims? Claims, string? Key, LinkFault Fault);

using System.Text.Json.Serialization;
using Holdfast.Agents.Identity;

namespace Holdfast.Agents.Links;

/// <summary>
/// What a browser keeps in place of an API key that was typed into it: whose key it was, and that it was all of it. The key itself is not in it, and
/// nothing is stored: the key is looked up at every request, so that its end is the session's.
/// </summary>
internal static class Sessions
{
    /// <summary>How long it is good, whatever its key is.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromHours(12);

    private const int Version = 1;

    /// <param name="shown">The API key that was typed, or the proof of another way that showed all of it.</param>
    public static string Write(LinkKeys keys, KeyProof shown, DateTimeOffset now) => SignedText.Write(keys.Signing, LinkUse.Session,
        new Said(Version, keys.Signing.Id, shown.Prefix, shown.Hash, now.ToUnixTimeSeconds(), (now + GoodFor).ToUnixTimeSeconds()), SignedJson.Default.Session);

    /// <returns>Null where it is not ours, or over.</returns>
    public static Session? Verify(LinkKeys keys, string cookie, DateTimeOffset now)
    {
        var (said, key, _) = SignedText.Read(keys, LinkUse.Session, cookie, SignedJson.Default.Session);
        return said is not null && said.Version == Version && said.Key == key!.Id && now.ToUnixTimeSeconds() < said.Expires
            ? new Session(said.Prefix, said.Hash, key.Id) : null;
    }

    internal sealed record Said(
        [property: JsonPropertyName("v")] int Version, [property: JsonPropertyName("k")] string Key, [property: JsonPropertyName("p")] string Prefix,
        [property: JsonPropertyName("h")] string Hash, [property: JsonPropertyName("i")] long At, [property: JsonPropertyName("x")] long Expires);
}

/// <summary>The API key behind a browser's session.</summary>
/// <param name="Key">The id of the link key that has signed it.</param>
internal sealed record Session(string Prefix, string Hash, string Key)
{
    /// <summary>For <see cref="KeyRing"/>, which knows it as if it stood in a header.</summary>
    public KeyProof Proof => new(Prefix, Hash);
}

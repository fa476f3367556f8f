using Holdfast.Agents.Links;
using Holdfast.Agents.Secrets;

namespace Holdfast.Agents.Tests.Links;

/// <summary>What the tests of links begin with.</summary>
internal static class LinkTexts
{
    public const string First = "the first key of these tests, which no host has";
    public const string Second = "the second key of these tests, which no host has";

    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly LinkClaims Claims = new("lnk_1", "apr_1", new string('d', 64), "bea", "acme", Now.AddDays(3));

    public static LinkKeys Keys(params string[] keys) => LinkKeys.Read("--link-key", string.Join(',', keys.Select(Named)), Source(keys));

    // A key of words has commas in it, so that each is named.
    private static string Named(string key, int at) => $"secret:key{at}";

    private static SecretSource Source(string[] keys) => new(null, name => keys.Where((_, at) => name == $"HOLDFAST_SECRET_KEY{at}").FirstOrDefault());

    /// <summary>Every text that one slip makes of this one: each bit of each character flipped, each end cut off, each character left out or sent twice.</summary>
    public static IEnumerable<string> Slips(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            for (var bit = 0; bit < 7; bit++)
            {
                yield return $"{text[..at]}{(char)(text[at] ^ (1 << bit))}{text[(at + 1)..]}";
            }

            yield return text[..at];
            yield return text[at..][1..];
            yield return text.Remove(at, 1);
            yield return text.Insert(at, text[at].ToString());
        }
    }
}

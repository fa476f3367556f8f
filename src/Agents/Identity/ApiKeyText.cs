using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Identity;

/// <summary>
/// An API key as its owner holds it: <c>hf_PREFIX_SECRET</c>. The prefix (8 characters) names it in lists and logs. The secret is 260 random
/// bits (52 characters) and a checksum (6), so that a slip of the hand is told from a key that is not known, and a scanner of sources from
/// other text. All of it is Crockford's base 32 in small letters: one word to a double click, one token to a header.
/// </summary>
internal sealed class ApiKeyText : KeyProof
{
    public const int PrefixLength = 8;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const string Mark = "hf_";
    private const int SecretLength = 52;
    private const int ChecksumLength = 6;
    private const int Length = 3 + PrefixLength + 1 + SecretLength + ChecksumLength;
    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    private ApiKeyText(string text)
        : base(text[Mark.Length..(Mark.Length + PrefixLength)], Digest.OfText(text)) => Text = text;

    private string Text { get; }

    public static ApiKeyText New()
    {
        var body = $"{Mark}{RandomNumberGenerator.GetString(Alphabet, PrefixLength)}_{RandomNumberGenerator.GetString(Alphabet, SecretLength)}";
        return new(body + Checksum(body));
    }

    /// <summary>A key that is written as keys are; there may be none like it. Null for anything else.</summary>
    public static ApiKeyText? Read(string text) => text.Length == Length && text.StartsWith(Mark, StringComparison.Ordinal) && text[Mark.Length + PrefixLength] == '_'
        && IsPrefix(text.AsSpan(Mark.Length, PrefixLength)) && !text.AsSpan(Mark.Length + PrefixLength + 1).ContainsAnyExcept(Letters)
        && text.EndsWith(Checksum(text[..^ChecksumLength]), StringComparison.Ordinal) ? new(text) : null;

    public static bool IsPrefix(ReadOnlySpan<char> text) => text.Length == PrefixLength && !text.ContainsAnyExcept(Letters);

    /// <summary>The key itself, for the one time that it is shown.</summary>
    public string Reveal() => Text;

    /// <summary>The prefix: a key is logged sooner or later.</summary>
    public override string ToString() => $"{Mark}{Prefix}_…";

    private static string Checksum(string body)
    {
        var hash = SHA256.HashData(Encoding.ASCII.GetBytes(body));
        return string.Create(ChecksumLength, hash, static (text, hash) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = Alphabet[hash[i] & 31];
            }
        });
    }
}

using System.Buffers;

namespace Holdfast.Agents.Runs;

/// <summary>Ids that nobody can guess and that sort by the time they were made.</summary>
internal static class Ids
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base 32
    private const int Length = 26;
    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    /// <param name="prefix">What it is an id of, for people: run, apr.</param>
    public static string New(string prefix, DateTimeOffset now)
    {
        var bits = new UInt128(0, 0);
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
        foreach (var b in bytes)
        {
            bits = (bits << 8) | b;
        }

        return string.Create(prefix.Length + 1 + Length, (prefix, bits), static (text, id) =>
        {
            id.prefix.CopyTo(text);
            text[id.prefix.Length] = '_';
            for (var i = text.Length - 1; i > id.prefix.Length; i--)
            {
                text[i] = Alphabet[(int)(uint)(id.bits & 31)];
                id.bits >>= 5;
            }
        });
    }

    /// <summary>Whether a text looks like an id of a kind; there may be nothing of that id.</summary>
    public static bool Is(string text, string prefix) => text.Length == prefix.Length + 1 + Length && text[prefix.Length] == '_'
        && text.StartsWith(prefix, StringComparison.Ordinal) && !text.AsSpan(prefix.Length + 1).ContainsAnyExcept(Letters);
}

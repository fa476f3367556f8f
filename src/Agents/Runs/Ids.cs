namespace Holdfast.Agents.Runs;

/// <summary>Ids that nobody can guess and that sort by the time they were made.</summary>
internal static class Ids
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford's base 32

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

        return string.Create(27 + prefix.Length, (prefix, bits), static (text, id) =>
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
}

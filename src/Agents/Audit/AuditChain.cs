using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Audit;

/// <summary>How one entry follows from the one before it.</summary>
internal static class AuditChain
{
    private static readonly long Latest = DateTimeOffset.MaxValue.UtcTicks;

    /// <summary>What a tenant's first entry follows from. The tenant is in it, so that no entry stands in another's chain.</summary>
    public static string Beginning(string tenant) => Digest.OfText($"holdfast audit 1\n{tenant}");

    /// <param name="at">UTC ticks.</param>
    /// <param name="entry">Canonical JSON.</param>
    /// <returns>Null where the entry is not written as one is.</returns>
    public static string? Next(string previous, long seq, long at, string entry)
    {
        try
        {
            // Only one text is an entry's: any other has another hash, or none.
            return at >= 0 && at <= Latest && CanonicalJson.Write(CanonicalJson.Parse(entry)) == entry
                && JsonNode.Parse(entry) is JsonObject line && line.TryAdd("seq", JsonValue.Create(seq)) && line.TryAdd("at", JsonValue.Create(Show(at)))
                ? Digest.OfText($"{previous}\n{CanonicalJson.Write(line)}") : null;
        }
        catch (JsonRefusedException)
        {
            return null;
        }
    }

    // As text: no double holds a tick of our days exactly.
    private static string Show(long at) => Times.Of(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
}

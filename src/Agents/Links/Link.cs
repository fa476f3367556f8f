namespace Holdfast.Agents.Links;

/// <summary>A personal link that was made for a message.</summary>
/// <param name="Id">What it is called in lists, logs and commands; no secret.</param>
/// <param name="Digest">The approval's, as it was then.</param>
/// <param name="Tries">How many wrong codes came with it.</param>
public sealed record Link(
    string Id, string Tenant, string Approval, string Person, string Digest, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, int Tries, DateTimeOffset? RevokedAt,
    string? RevokedBy)
{
    /// <summary>How many wrong codes a link takes.</summary>
    public const int MostTries = 5;

    /// <summary>At zero the link still shows, and decides no more by itself.</summary>
    public int TriesLeft => Math.Max(0, MostTries - Tries);

    internal LinkClaims Claims => new(Id, Approval, Digest, Person, Tenant, ExpiresAt);

    internal static Link Of(LinkRow row) => new(row.Id, row.Tenant, row.Approval, row.Person, row.Digest, Times.Of(row.CreatedAt), Times.Of(row.ExpiresAt), (int)row.Tries,
        Times.Of(row.RevokedAt), row.RevokedBy);
}

/// <summary>A row of links. Times are UTC ticks.</summary>
internal sealed class LinkRow
{
    public string Id { get; init; } = "";

    public string Tenant { get; init; } = "";

    public string Approval { get; init; } = "";

    public string Person { get; init; } = "";

    public string Digest { get; init; } = "";

    public long CreatedAt { get; init; }

    public long ExpiresAt { get; init; }

    public long Tries { get; init; }

    public long? RevokedAt { get; init; }

    public string? RevokedBy { get; init; }
}

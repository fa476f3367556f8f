namespace Holdfast.Agents.Links;

/// <summary>What somebody who opens a link is to get. To the outside <see cref="Bad"/> and <see cref="Revoked"/> are one: who stole a link does not learn that it was good.</summary>
public abstract record LinkOpening
{
    private LinkOpening()
    {
    }

    /// <summary>No link of ours (401).</summary>
    public sealed record Bad(LinkFault Fault) : LinkOpening;

    /// <summary>It, or the key that has signed it, was revoked (401).</summary>
    public sealed record Revoked(Link Link) : LinkOpening;

    /// <summary>There is no such approval in its tenant, or whoever opened it is signed in to another one (404).</summary>
    public sealed record NotFound : LinkOpening;

    /// <summary>The time to decide is over, by the store's clock (410).</summary>
    public sealed record Expired(Link Link) : LinkOpening;

    /// <summary>What it was about is asked otherwise now (409).</summary>
    /// <param name="Next">The approval in force; null where there is none.</param>
    /// <param name="Key">As of <see cref="Fine"/>: who has changed it may say so again.</param>
    public sealed record Superseded(Link Link, string Key, string? Next) : LinkOpening;

    /// <summary>What it was about is not asked any more (409).</summary>
    /// <param name="Note">Why, as a sentence.</param>
    public sealed record Void(Link Link, string? Note) : LinkOpening;

    /// <summary>It is good, and shows its person what its message is about, decided or not.</summary>
    /// <param name="Key">The id of the key that has signed it, for its digits; empty where its own time is over, while something can still be decided by who signs in.</param>
    public sealed record Fine(Link Link, string Key) : LinkOpening;
}

using System.Text.Json;
using Holdfast.Agents.Audit;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Links;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>A person's word on an asking.</summary>
/// <param name="Kind">approve, edit or reject; of a question answer or reject; for a call in doubt happened, runAgain or giveUp.</param>
/// <param name="Reason">Told to the model on a rejection; kept on every decision.</param>
/// <param name="Result">With happened: what the tool would have returned; with answer: the answer. As JSON; null for nothing known.</param>
/// <param name="Arguments">With edit: the arguments to run it with.</param>
public sealed record Decision(string Kind, string? Reason = null, JsonElement? Result = null, JsonElement? Arguments = null)
{
    /// <summary>By which way it came: api or page.</summary>
    public string Way { get; init; } = Ways.Api;

    /// <summary>The digest of what was shown to who decided; null where nothing was.</summary>
    public string? Seen { get; init; }
}

/// <summary>By which way a word came.</summary>
public static class Ways
{
    public const string Api = "api";

    /// <summary>A page, signed in.</summary>
    public const string Page = "page";

    /// <summary>A page, by the link alone.</summary>
    public const string Link = "link";
}

/// <summary>Takes decisions: each is in the store, with everything that follows from it, before the engine hears of it.</summary>
public sealed class Decisions
{
    public const string Approve = "approve";
    public const string Edit = "edit";
    public const string Reject = "reject";
    public const string Answer = "answer";
    public const string Happened = "happened";
    public const string RunAgain = "runAgain";
    public const string GiveUp = "giveUp";

    private readonly AgentParts parts;

    internal Decisions(AgentParts parts) => this.parts = parts;

    /// <summary>After a name: Mara Weiss approved.</summary>
    public static string Said(string decision) => decision switch
    {
        Approve => "approved",
        Edit => "changed and approved",
        Reject => "rejected",
        Answer => "answered",
        Happened => "said that it happened",
        RunAgain => "said to run it again",
        GiveUp => "gave it up",
        _ => decision,
    };

    /// <summary>What can be decided about each kind of asking.</summary>
    public static IReadOnlyList<string> Of(string kind) => kind switch
    {
        ApprovalKinds.InDoubt => [Happened, RunAgain, GiveUp],
        ApprovalKinds.Question => [Answer, Reject],
        _ => [Approve, Edit, Reject],
    };

    /// <summary>What can be decided about one of them: an edit only where something may be edited.</summary>
    internal static IReadOnlyList<string> Of(string kind, ApprovalTerms terms) => [.. Of(kind).Where(one => one != Edit || terms.Edit.Count > 0)];

    /// <summary>Stores the decision. The same person's same decision again changes nothing and is the same record.</summary>
    /// <exception cref="RefusedException">Not found, not entitled, decided otherwise, void, superseded, expired, or not a decision on this kind.</exception>
    public Task<ApprovalView> DecideAsync(Principal principal, string approval, Decision decision) =>
        DecideAsync(principal.Tenant, new Voice(principal.Id, principal.Roles, decision.Way) { Seen = decision.Seen }, approval, decision);

    /// <summary>Stores the decision of a person whom a link alone identifies.</summary>
    /// <exception cref="RefusedException">As above, or the person is not known any more.</exception>
    /// <param name="key">The id of the key that has signed the link.</param>
    internal Task<ApprovalView> DecideAsync(Link link, string key, string approval, Decision decision) =>
        DecideAsync(link.Tenant, new Voice(link.Person, [], Ways.Link) { Seen = decision.Seen, Link = link.Id }, approval, decision, async tx =>
            await LinkStore.LockAsync(tx, link.Id) is not { RevokedAt: null } || await LinkStore.IsKeyRevokedAsync(tx, key) ? new RefusedException(Refusal.Forbidden, "This link was withdrawn. Nothing was decided.")
                : (await LinkStore.AboutAsync(tx, link)).Any(row => row.Id == approval) ? null
                : new RefusedException(Refusal.Forbidden, "This link is about something else. Nothing was decided."));

    /// <param name="barred">Why nothing is taken from this voice now, whatever it says; read in the transaction that decides.</param>
    private async Task<ApprovalView> DecideAsync(string tenant, Voice voice, string approval, Decision decision, Func<StoreTransaction, Task<RefusedException?>>? barred = null)
    {
        decision = Canonical(decision);
        var (refusal, view) = await parts.Store.WriteAsync(async tx =>
        {
            var owner = await tx.FirstAsync<long?>("SELECT run FROM approvals WHERE id = @approval AND tenant = @tenant", new { approval, tenant })
                ?? throw new RefusedException(Refusal.NotFound, $"There is no approval '{approval}'.");
            var run = await LockedRun.TakeAsync(tx, owner);
            var ballot = await Ballot.ReadAsync(parts, tx, run, approval);
            ballot.CheckKind(decision);
            var (refusal, isSame) = barred is not null && await barred(tx) is { } withdrawn ? (withdrawn, false) : await ballot.TakeAsync(voice, decision);
            await AuditLog.AppendAsync(tx, tenant, ballot.Entry(voice, decision, refusal, isSame)); // refused ones, too: what was tried is kept with what it found
            return (refusal, (await new ApprovalQueries(parts, tx, tenant).FindAsync(approval))!); // with it, or a store that goes away in between would hide that it was stored
        }, refusable: true);
        return refusal is null ? view : throw refusal;
    }

    private static Decision Canonical(Decision decision) => decision with
    {
        Result = Canonical(decision.Result, "result"),
        Arguments = Canonical(decision.Arguments, "arguments"),
    };

    private static JsonElement? Canonical(JsonElement? value, string field)
    {
        try
        {
            return value is { } given ? CanonicalJson.Parse(CanonicalJson.Write(given)) : null;
        }
        catch (JsonRefusedException e)
        {
            throw new RefusedException(Refusal.Invalid, e.Message, field);
        }
    }
}

using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Links;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>Everything that a person reads before they decide: what one turn asks, of whom, and what led to it. Of one consistent state of the store.</summary>
/// <param name="Run">As it is now.</param>
/// <param name="Cases">The approval that was asked for first, then the others of its turn that concern the reader, decided or not.</param>
/// <param name="Before">What was said and done in the run until then, oldest first.</param>
/// <param name="People">The names of those whom it mentions, by their ids.</param>
/// <param name="Now">The store's clock.</param>
public sealed record Dossier(RunView Run, IReadOnlyList<DossierCase> Cases, IReadOnlyList<TranscriptEntry> Before, IReadOnlyDictionary<string, string> People, DateTimeOffset Now)
{
    /// <summary>The reader, where they are known.</summary>
    public Person? Reader { get; init; }
}

/// <summary>One of its approvals.</summary>
/// <param name="Describe">The tool's own words, as a template; null for none.</param>
/// <param name="Schema">Of the tool's arguments; null where the tool is not here.</param>
/// <param name="Refusal">Why the reader may not decide; null where they may, or where it is not open.</param>
public sealed record DossierCase(ApprovalView View, ApprovalTerms Terms, string? Describe, JsonElement? Schema, Effect Risk, string? Refusal)
{
    /// <summary>What the reader has said in this round; null for nothing.</summary>
    public VoteView? Own { get; init; }

    /// <summary>The tools that had been called before it in the run, and that read what strangers write.</summary>
    public IReadOnlyList<string> Untrusted { get; init; } = [];

    /// <summary>Whether it was asked anew and the round that took its place is among the cases, too.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>Whether the reader is one of those who are, were or will be asked.</summary>
    internal bool IsTheirs { get; init; }
}

/// <summary>Reads dossiers.</summary>
internal sealed class Dossiers(AgentParts parts, StoreTransaction tx, string tenant, RunQueries runs)
{
    private const int MostBefore = 12;

    /// <param name="about">What the reader's link is about; null for who is signed in, and sees all of the turn that concerns them.</param>
    public async Task<Dossier?> FindAsync(string approval, Voice reader, IReadOnlyList<string>? about = null)
    {
        await tx.ReadClockAsync();
        if (await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @approval AND tenant = @tenant", new { approval, tenant }) is not { } first)
        {
            return null;
        }

        var run = (await tx.FirstAsync<RunRow>("SELECT * FROM runs WHERE run = @Run", new { first.Run }))!;
        var people = (await parts.Rules.ReadAsync(tx)).People;
        var agent = await parts.Agents.OfAsync(tx, run.Version);
        var siblings = await tx.ListAsync<ApprovalRow>("""
            SELECT * FROM approvals WHERE run = @Run AND turn = @Turn AND id <> @Id AND (state = 'pending' OR (state <> 'superseded' AND kind = @Kind AND idx <> @Idx)) ORDER BY idx, id
            """, new { first.Run, first.Turn, first.Id, first.Kind, first.Idx });
        var calls = await tx.ListAsync<CallRow>("SELECT turn, idx, tool, state FROM calls WHERE run = @Run AND turn < @Turn ORDER BY turn, idx", new { first.Run, first.Turn });
        string[] untrusted = [.. calls.Where(call => call.State == CallStates.Done && parts.Tools.TryFind(call.Tool, out var tool) && tool.Reads.HasFlag(Reads.Untrusted)).Select(call => call.Tool).Distinct()];
        List<DossierCase> cases = [];
        cases.Add(await ReadAsync(first));

        // What became of it since. A link is for the round that it was sent for: who is asked about the next one is sent another.
        var last = await LastRoundAsync(first);
        if (last is not null && await ReadAsync(last) is var since && (!last.IsPending || since.Own is not null || (about is null && IsForReader(since))))
        {
            cases[0] = cases[0] with { IsReplaced = true };
            cases.Add(since);
        }

        foreach (var row in siblings.Where(row => row.Id != last?.Id && (about is null || about.Contains(row.Id, StringComparer.Ordinal))))
        {
            if (await ReadAsync(row) is var one && IsForReader(one))
            {
                cases.Add(one);
            }
        }

        var before = (await RunQueries.TranscriptAsync(tx, run, first.Turn - MostBefore)).Where(entry => entry.Turn < first.Turn || (entry is { Role: "assistant", Text.Length: > 0 } && entry.Turn == first.Turn)).TakeLast(MostBefore)
            .Select(entry => entry.Turn == first.Turn ? entry with { Calls = null } : entry); // what it asks for in this turn is what the page is about
        return new Dossier(await runs.ViewAsync(tx, run), cases, [.. before], Names(people, run, cases), tx.Now) { Reader = people.Find(tenant, reader.Id) };

        async Task<DossierCase> ReadAsync(ApprovalRow row) => await CaseAsync(row, run, agent, people, reader) with { Untrusted = untrusted };
    }

    private static bool IsForReader(DossierCase one) => one.Own is not null || (one.View.Status == ApprovalStates.Pending ? one.Refusal is null : one.IsTheirs);

    /// <summary>The round that is in force in place of one that was asked anew; null where it was not.</summary>
    private async Task<ApprovalRow?> LastRoundAsync(ApprovalRow row)
    {
        ApprovalRow? last = null;
        for (var next = row.SupersededBy; next is not null; next = last!.SupersededBy)
        {
            last = await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @next", new { next });
        }

        return last;
    }

    private async Task<DossierCase> CaseAsync(ApprovalRow row, RunRow run, AgentDefinition agent, People people, Voice reader)
    {
        var view = (await new ApprovalQueries(parts, tx, tenant).FindAsync(row.Id))!;
        var terms = Askings.TermsOf(row);
        var votes = await Askings.VotesAsync(tx, row.Id);
        var electorate = new Electorate(people, terms, run, row.Escalations);
        var refusal = row.IsPending ? electorate.Refuse(reader, row.Stage, votes, out _) : null;
        return new DossierCase(
            view, terms, agent.Describe.GetValueOrDefault(row.Tool), parts.Tools.TryFind(row.Tool, out var tool) ? tool.Parameters : null, (Effect)row.Risk, refusal)
        {
            IsTheirs = Enumerable.Range(0, terms.Stages.Count).Any(stage => electorate.Refuse(reader, stage, votes, out _) is null),
            Own = view.Votes.FirstOrDefault(vote => vote.By.Equals(reader.Id, StringComparison.OrdinalIgnoreCase)),
        };
    }

    private static IReadOnlyDictionary<string, string> Names(People people, RunRow run, IEnumerable<DossierCase> cases) => people.Names(run.Tenant, cases.SelectMany(one =>
        one.View.Votes.Select(vote => vote.By).Append(one.View.DecidedBy).Concat(one.View.Stages.SelectMany(stage => stage.By)
            .Where(by => by.StartsWith("user:", StringComparison.Ordinal)).Select(by => by["user:".Length..]))).Append(run.RequestedBy));
}

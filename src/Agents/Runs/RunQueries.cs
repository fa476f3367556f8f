using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>What can be read about runs and approvals. Another tenant's do not exist.</summary>
public sealed class RunQueries
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly AgentParts parts;
    private readonly RunWatch watch;

    internal RunQueries(AgentParts parts, RunWatch watch)
    {
        this.parts = parts;
        this.watch = watch;
    }

    public Task<RunView?> FindAsync(Principal principal, string id) => parts.Store.ReadAsync(async tx =>
        await RowAsync(tx, principal, id) is { } row ? (await ViewAsync(tx, [row]))[0] : null);

    /// <summary>The run once it has ended, or as it is when the time is over.</summary>
    public async Task<RunView?> WaitForEndAsync(Principal principal, string id, TimeSpan longest, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (longest - TimeProvider.System.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
        {
            // Watched before it is looked at, so that no change falls in between.
            var changed = watch.NextAsync(id, left < LookAgain ? left : LookAgain, cancellation);
            if (await StatusAsync(principal, id) is null or RunStatuses.Ended)
            {
                break;
            }

            await Task.WhenAny(changed);
            if (cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        return await FindAsync(principal, id);
    }

    /// <summary>One of <see cref="RunStatuses"/>; null when there is no such run.</summary>
    public Task<string?> StatusAsync(Principal principal, string id) => parts.Store.ReadAsync(tx =>
        tx.FirstAsync<string>("SELECT status FROM runs WHERE id = @id AND tenant = @Tenant", new { id, principal.Tenant }));

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<RunView>> ListAsync(Principal principal, RunFilter filter) => parts.Store.ReadAsync(async tx =>
    {
        var metadata = filter.Metadata.ToList();

        // Where metadata is asked for, its key leads: it holds the ids in their order, so that nothing is sorted. A cross join fixes that order where the planner would not.
        var (from, id) = metadata.Count == 0 ? ("runs", "runs.id") : ("run_metadata m0 CROSS JOIN runs", "m0.id");
        var conditions = string.Concat(metadata.Select((_, i) => i == 0
            ? " AND runs.id = m0.id AND m0.tenant = @tenant AND m0.name = @name0 AND m0.value = @value0"
            : $" AND EXISTS (SELECT 1 FROM run_metadata m WHERE m.tenant = @tenant AND m.name = @name{i} AND m.value = @value{i} AND m.id = {id})"));
        var args = new Dapper.DynamicParameters(new { tenant = principal.Tenant, filter.Status, filter.Agent, filter.Before, filter.Limit });
        for (var i = 0; i < metadata.Count; i++)
        {
            args.Add($"name{i}", metadata[i].Key);
            args.Add($"value{i}", metadata[i].Value);
        }

        var rows = await tx.ListAsync<RunRow>($"""
            SELECT runs.* FROM {from} WHERE runs.tenant = @tenant
              {(filter.Status is null ? "" : "AND runs.status = @Status")}
              {(filter.Agent is null ? "" : "AND runs.agent = @Agent")}
              {(filter.Before is null ? "" : $"AND {id} < @Before")}{conditions}
            ORDER BY {id} DESC LIMIT @Limit
            """, args);
        return await ViewAsync(tx, rows);
    });

    /// <summary>What was said and done, in order; null when there is no such run.</summary>
    /// <param name="since">From which turn on; the words that the run began with come first in any case.</param>
    public Task<IReadOnlyList<TranscriptEntry>?> TranscriptAsync(Principal principal, string id, int since = 0) => parts.Store.ReadAsync(async tx =>
    {
        return await RowAsync(tx, principal, id) is { } run ? await TranscriptAsync(tx, run, since) : null;
    });

    internal static async Task<IReadOnlyList<TranscriptEntry>> TranscriptAsync(StoreTransaction tx, RunRow run, int since)
    {
        List<TranscriptEntry> entries = [new("user", 0, Times.Of(run.CreatedAt)) { Text = run.Input }];
        var calls = (await tx.ListAsync<CallRow>("SELECT * FROM calls WHERE run = @Run AND turn >= @since ORDER BY turn, idx", new { run.Run, since })).ToLookup(call => call.Turn);
        foreach (var turn in await tx.ListAsync<TurnRow>("SELECT * FROM turns WHERE run = @Run AND turn >= @since AND reply IS NOT NULL ORDER BY turn", new { run.Run, since }))
        {
            entries.Add(Said(turn));
            entries.AddRange(calls[turn.Turn].Select(Did));
        }

        return entries;
    }

    internal async Task<RunView> ViewAsync(StoreTransaction tx, RunRow run) => (await ViewAsync(tx, [run]))[0];

    /// <summary>The run's next steps after a number, at most 500; null when there is no such run.</summary>
    public Task<EventPage?> EventsAsync(Principal principal, string id, long after) => parts.Store.ReadAsync(async tx =>
        await tx.FirstAsync<RunRow>("SELECT run, status FROM runs WHERE id = @id AND tenant = @Tenant", new { id, principal.Tenant }) is not { } run ? null
            : new EventPage(run.Status == RunStatuses.Ended,
                [.. (await tx.ListAsync<EventRow>("SELECT seq, type, at, data FROM events WHERE run = @Run AND seq > @after ORDER BY seq LIMIT 500",
                new { run.Run, after })).Select(row => new RunEvent(row.Seq, row.Type, Times.Of(row.At), row.Data is null ? null : CanonicalJson.Parse(row.Data)))]));

    public Task<ApprovalView?> FindApprovalAsync(Principal principal, string id) =>
        parts.Store.ReadAsync(tx => new ApprovalQueries(parts, tx, principal.Tenant).FindAsync(id));

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<ApprovalView>> ListApprovalsAsync(Principal principal, string? status, string? runId, string? before, int limit) =>
        parts.Store.ReadAsync(tx => new ApprovalQueries(parts, tx, principal.Tenant).ListAsync(status, runId, before, limit));

    /// <summary>What a person reads before they decide; null where there is no such approval.</summary>
    public Task<Dossier?> DossierAsync(Principal principal, string approval) =>
        parts.Store.ReadAsync(tx => new Dossiers(parts, tx, principal.Tenant, this).FindAsync(approval, new Voice(principal.Id, principal.Roles, Ways.Page)));

    /// <summary>The same for a person whom a link makes its holder.</summary>
    public Task<Dossier?> DossierAsync(Link link) => parts.Store.ReadAsync(async tx =>
        await new Dossiers(parts, tx, link.Tenant, this).FindAsync(link.Approval, new Voice(link.Person, [], Ways.Link), [.. (await LinkStore.AboutAsync(tx, link)).Select(row => row.Id)]));

    /// <summary>What the last message to a person about an approval says, or where there was none the last to a place; null where nobody was told.</summary>
    public Task<Message?> MessageAsync(Principal principal, string approval) => parts.Store.ReadAsync(async tx =>
        await tx.FirstAsync<MessageRow>("""
            SELECT m.* FROM message_approvals a JOIN messages m ON m.id = a.message WHERE a.approval = @approval AND m.tenant = @Tenant ORDER BY m.person IS NULL, m.id DESC LIMIT 1
            """, new { approval, principal.Tenant }) is { } row
            && await tx.FirstAsync<RunRow>("SELECT * FROM runs WHERE run = @Run", new { row.Run }) is { } run ? await new MessageContent(parts, tx, run).OfAsync(row) : null);

    /// <summary>A person of a tenant; null where they are not known.</summary>
    public Task<Person?> PersonAsync(string tenant, string id) => parts.Store.ReadAsync(async tx => (await parts.Rules.ReadAsync(tx)).People.Find(tenant, id));

    /// <inheritdoc cref="People.Names"/>
    public Task<IReadOnlyDictionary<string, string>> NamesAsync(Principal principal, IEnumerable<string?> ids) =>
        parts.Store.ReadAsync(async tx => (await parts.Rules.ReadAsync(tx)).People.Names(principal.Tenant, ids));

    /// <summary>How the agent of a run describes its tools, by their names.</summary>
    public Task<IReadOnlyDictionary<string, string>> DescribeAsync(string version) => parts.Store.ReadAsync(async tx => (await parts.Agents.OfAsync(tx, version)).Describe);

    /// <summary>The store's clock.</summary>
    public Task<DateTimeOffset> NowAsync() => parts.Store.ReadAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return tx.Now;
    });

    /// <summary>What a call would be asked, of whom and why.</summary>
    /// <param name="arguments">As a model would give them.</param>
    /// <exception cref="RefusedException">No such agent or tool, or arguments that the tool would not take.</exception>
    public Task<PolicyExplanation> ExplainAsync(Principal principal, string agent, string tool, string arguments) =>
        parts.Store.ReadAsync(tx => new PolicyQuestion(parts, tx, principal.Tenant).AnswerAsync(agent, tool, arguments));

    /// <summary>What waits for the principal to decide.</summary>
    public Task<InboxList> InboxAsync(Principal principal, InboxFilter filter) => parts.Store.ReadAsync(tx => new Inbox(parts, tx, principal).ListAsync(filter));

    /// <summary>What was decided, the newest first.</summary>
    /// <param name="before">Where the page before ended: when its last was decided, and its id.</param>
    public Task<IReadOnlyList<ApprovalView>> HistoryAsync(Principal principal, (DateTimeOffset At, string Id)? before, int limit) => parts.Store.ReadAsync(tx =>
        new ApprovalQueries(parts, tx, principal.Tenant).HistoryAsync(before is var (at, id) ? (at.UtcTicks, id) : null, limit));

    private static Task<RunRow?> RowAsync(StoreTransaction tx, Principal principal, string id) =>
        tx.FirstAsync<RunRow>("SELECT * FROM runs WHERE id = @id AND tenant = @Tenant", new { id, principal.Tenant });

    private async Task<IReadOnlyList<RunView>> ViewAsync(StoreTransaction tx, IReadOnlyList<RunRow> rows)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        // Numbers of our own, so they may stand in the text; a list of any length as an argument means something else to each database.
        var runs = string.Join(", ", rows.Select(row => row.Run));
        var approvals = (await tx.ListAsync<ApprovalRow>($"SELECT id, run, state FROM approvals WHERE run IN ({runs}) ORDER BY run, turn, idx, requested_at, round"))
            .ToLookup(approval => approval.Run);
        var open = approvals.Any(ofRun => ofRun.Any(approval => approval.State == ApprovalStates.Pending)) ? await Waiting.OpenAsync(tx, runs) : null;
        var votes = await Waiting.VotesAsync(tx, open?.SelectMany(ofRun => ofRun) ?? []);
        var people = open is null ? People.Nobody : (await parts.Rules.ReadAsync(tx)).People;
        var absent = await AbsentAsync(tx, rows);
        List<RunView> views = [];
        foreach (var row in rows)
        {
            var waiting = new Waiting(tx, row, [.. open?[row.Run] ?? []], votes, people, absent.GetValueOrDefault(row.Engine));
            views.Add(View(row, [.. approvals[row.Run].Select(approval => approval.Id)], await waiting.DescribeAsync()));
        }

        return views;
    }

    /// <summary>The engines of some runs that nobody serves; this process's own is there to be seen.</summary>
    private async Task<Dictionary<string, EngineRow>> AbsentAsync(StoreTransaction tx, IReadOnlyList<RunRow> rows)
    {
        if (rows.All(row => row.HasEnded || row.Engine == parts.Engine.Id))
        {
            return [];
        }

        await tx.ReadClockAsync();
        return (await tx.ListAsync<EngineRow>("SELECT * FROM engines WHERE (retired_at IS NOT NULL OR heartbeat <= @before) AND id <> @Id",
            new { before = (tx.Now - EngineHold.Absence).UtcTicks, parts.Engine.Id })).ToDictionary(engine => engine.Id);
    }

    private static RunView View(RunRow row, IReadOnlyList<string> approvals, WaitingFor? waiting) =>
        new()
        {
            Id = row.Id,
            Agent = row.Agent,
            AgentVersion = row.Version,
            Model = row.Model,
            Status = row.Status,
            Input = row.Input,
            Outcome = row.Outcome is null ? null : JsonSerializer.Deserialize(row.Outcome, AgentsJson.Default.Outcome),
            WaitingFor = waiting,
            Approvals = approvals,
            Fault = row.Fault is null ? null : JsonSerializer.Deserialize(row.Fault, AgentsJson.Default.Fault),
            Usage = new RunUsage(row.InputTokens, row.OutputTokens, row.CachedTokens, row.ReasoningTokens, row.HeldTokens, row.Turn, row.ToolCalls),
            RequestedBy = row.RequestedBy,
            CreatedBy = row.CreatedBy,
            Metadata = row.Metadata is null ? new Dictionary<string, string>() : JsonSerializer.Deserialize(row.Metadata, AgentsJson.Default.DictionaryStringString)!,
            CreatedAt = Times.Of(row.CreatedAt),
            EndedAt = Times.Of(row.EndedAt),
        };

    private static TranscriptEntry Said(TurnRow turn)
    {
        var reply = JsonSerializer.Deserialize(turn.Reply!, AgentsJson.Default.StoredReply)!;
        var asked = reply.Calls.Select(call => new TranscriptCall(call.Tool ?? "", call.Text ?? "")).ToList();
        return new TranscriptEntry("assistant", turn.Turn, Times.Of(turn.RepliedAt))
        {
            Text = reply.Text.Length > 0 ? reply.Text : reply.Parts.FirstOrDefault(part => part.Kind == ReplyPart.RefusalKind)?.Text,
            Model = reply.Model,
            Calls = asked.Count == 0 ? null : asked,
        };
    }

    private static TranscriptEntry Did(CallRow call) => new("tool", call.Turn, Times.Of(call.EndedAt))
    {
        Tool = call.Tool, Index = call.Idx, State = call.State, Result = call.Result is null ? null : JsonDocument.Parse(call.Result).RootElement.Clone(),
    };

    private sealed class EventRow
    {
        public long Seq { get; init; }

        public string Type { get; init; } = "";

        public long At { get; init; }

        public string? Data { get; init; }
    }
}

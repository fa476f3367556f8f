using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Storage;
using Holdfast.Durable;

namespace Holdfast.Agents.Runs;

/// <summary>A run as somebody asks for it.</summary>
/// <param name="Agent">An agent of this host.</param>
/// <param name="Input">What the agent is told.</param>
/// <param name="RequestedBy">On whose behalf; null for the principal itself. Only a principal with the role delegate may name another.</param>
/// <param name="Metadata">Names and values to find the run by.</param>
public sealed record RunSubmission(string Agent, string Input, string? RequestedBy = null, IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>What people and services do to runs. Each change is in the store, with the word to the engine beside it, before it is answered.</summary>
public sealed class RunService
{
    private readonly AgentParts parts;
    private readonly Func<IOrchestrationClient> engine;

    internal RunService(AgentParts parts, Func<IOrchestrationClient> engine)
    {
        this.parts = parts;
        this.engine = engine;
    }

    /// <summary>Accepts a run.</summary>
    /// <param name="idempotencyKey">Kept as long as the run: the same key with the same submission is the same run.</param>
    /// <returns>The run's id, and whether it is new.</returns>
    /// <exception cref="RefusedException">Unknown agent, or the key was used with another submission, or another may not be named.</exception>
    public async Task<(string Id, bool IsNew)> StartAsync(Principal principal, RunSubmission submission, string? idempotencyKey = null)
    {
        if (submission.RequestedBy is { } other && other != principal.Id && !principal.Has(Roles.Delegate))
        {
            throw new RefusedException(Refusal.Forbidden, $"{principal.Id} may not name another person as requestedBy; the role '{Roles.Delegate}' may.", "requestedBy");
        }

        var hash = idempotencyKey is null ? null : HashOf(submission);
        var accepted = await parts.Store.WriteAsync(async tx =>
        {
            if (idempotencyKey is not null && await tx.FirstAsync<RunRow>(
                "SELECT id, request_hash FROM runs WHERE tenant = @Tenant AND created_by = @Id AND idempotency_key = @idempotencyKey",
                new { principal.Tenant, principal.Id, idempotencyKey }) is { } known)
            {
                return known.RequestHash == hash ? (known.Id, IsNew: false) : throw new RefusedException(Refusal.Conflict,
                    $"Idempotency-Key '{idempotencyKey}' was used for run {known.Id} with another body. Use a new key for a new run.");
            }

            if (parts.Agents.Find(submission.Agent) is not var (agent, version))
            {
                throw new RefusedException(Refusal.Invalid, $"There is no agent '{submission.Agent}'.{NearestName.Hint(submission.Agent, parts.Agents.Names)} Agents: {string.Join(", ", parts.Agents.Names)}.", "agent");
            }

            await parts.Engine.RefuseLostAsync(tx);
            var model = parts.Models.Find(agent)?.Label ?? agent.Model;
            return (await InsertAsync(tx, principal, submission, version, model, idempotencyKey, hash), IsNew: true);
        }, refusable: true);
        return accepted;
    }

    /// <summary>Ends a run as soon as what has begun is over. A second time changes nothing.</summary>
    /// <exception cref="RefusedException">Not found, or ended otherwise.</exception>
    public Task CancelAsync(Principal principal, string id) => ChangeAsync(principal, id, async (tx, run) =>
    {
        if (run.Row.CancelledAt is not null)
        {
            return;
        }

        RefuseEnded(run);
        await tx.ExecuteAsync("UPDATE runs SET cancelled_at = @Now, suspended_at = NULL WHERE run = @Run", new { run.Now, run.Row.Run });
        await run.VoidApprovalsAsync($"{principal.Id} cancelled the run.");
        await run.EventAsync(RunEvents.CancelRequested, new EventData { By = principal.Id });
        await run.WakeAsync();
        await run.RefreshAsync();
    });

    /// <summary>Lets nothing new begin until it is resumed. A second time changes nothing.</summary>
    /// <exception cref="RefusedException">Not found or ended.</exception>
    public Task SuspendAsync(Principal principal, string id) => ChangeAsync(principal, id, async (tx, run) =>
    {
        RefuseEnded(run);
        if (run.Row.IsEnding)
        {
            throw new RefusedException(Refusal.Conflict, $"Run {id} is about to end. Nothing more begins in it anyway.");
        }

        if (run.Row.SuspendedAt is null)
        {
            await tx.ExecuteAsync("UPDATE runs SET suspended_at = @Now, suspended_by = @Id WHERE run = @Run", new { run.Now, principal.Id, run.Row.Run });
            await run.EventAsync(RunEvents.Suspended, new EventData { By = principal.Id });
            await run.RefreshAsync();
        }
    });

    /// <summary>Ends a suspension.</summary>
    /// <exception cref="RefusedException">Not found, ended, or not suspended.</exception>
    public Task ResumeAsync(Principal principal, string id) => ChangeAsync(principal, id, async (tx, run) =>
    {
        RefuseEnded(run);
        if (run.Row.SuspendedAt is null)
        {
            throw new RefusedException(Refusal.Conflict, $"Run {id} is not suspended (status {run.Row.Status}). There is nothing to resume.");
        }

        await tx.ExecuteAsync("UPDATE runs SET suspended_at = NULL, suspended_by = NULL WHERE run = @Run", new { run.Row.Run });
        await run.EventAsync(RunEvents.Resumed, new EventData { By = principal.Id });
        await run.WakeAsync();
        await run.RefreshAsync();
    });

    /// <summary>Tries again what paused the run, with a clean count. Where its engine instance is dead, the run gets a new one, which goes on from the store.</summary>
    /// <exception cref="RefusedException">Not found, ended, or not paused.</exception>
    public async Task RetryAsync(Principal principal, string id)
    {
        var instance = await parts.Store.ReadAsync(tx => tx.FirstAsync<RunRow>(
            "SELECT id, engine, generation, fault FROM runs WHERE id = @id AND tenant = @Tenant", new { id, principal.Tenant }));
        var isOurs = instance?.Engine == parts.Engine.Id; // of another engine's run only that engine can tell
        var isDead = isOurs && instance is { Fault: not null } && await Generations.IsDeadAsync(engine(), Instances.OfRun(instance.Id, instance.Generation));
        await ChangeAsync(principal, id, async (tx, run) =>
        {
            RefuseEnded(run);
            if (run.Row.Fault is null)
            {
                throw new RefusedException(Refusal.Conflict, $"Run {id} is not paused (status {run.Row.Status}). There is nothing to retry.");
            }

            await tx.ExecuteAsync("UPDATE runs SET fault = NULL WHERE run = @Run", new { run.Row.Run });
            await tx.ExecuteAsync("UPDATE turns SET begins = 0, failures = 0, retry_at = NULL, lacking_since = NULL WHERE run = @Run AND reply IS NULL", new { run.Row.Run });
            await tx.ExecuteAsync("UPDATE calls SET begins = 0, failures = 0, reasks = 0, retry_at = NULL, lacking_since = NULL WHERE run = @Run AND ended_at IS NULL", new { run.Row.Run });
            await run.EventAsync(RunEvents.Retried, new EventData { By = principal.Id });
            if (isDead && run.Row.Generation == instance!.Generation)
            {
                await Generations.BeginNextAsync(tx, run);
                return;
            }

            await run.RefreshAsync();
            await run.WakeAsync(isOurs ? Wake.Look : Wake.Retry);
            await run.WakeAskingsAsync();
        });
    }

    private static string HashOf(RunSubmission submission) => Digest.OfJson(new JsonObject
    {
        ["agent"] = submission.Agent,
        ["input"] = submission.Input,
        ["requestedBy"] = submission.RequestedBy,
        ["metadata"] = new JsonObject((submission.Metadata ?? new Dictionary<string, string>()).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
    });

    private static void RefuseEnded(LockedRun run)
    {
        if (run.Row.HasEnded)
        {
            throw new RefusedException(Refusal.Conflict, $"Run {run.Row.Id} has ended. Nothing about it changes any more.");
        }
    }

    private async Task<string> InsertAsync(
        StoreTransaction tx, Principal principal, RunSubmission submission, string version, string model, string? idempotencyKey, string? hash)
    {
        await tx.ReadClockAsync();
        var id = Ids.New("run", tx.Now);
        var metadata = submission.Metadata is { Count: > 0 } some ? JsonSerializer.Serialize(new(some), AgentsJson.Default.DictionaryStringString) : null;
        var run = await tx.FirstAsync<long>("""
            INSERT INTO runs (id, tenant, agent, version, model, input, metadata, requested_by, created_by, idempotency_key, request_hash,
              created_at, engine, generation, status, active_since)
            VALUES (@id, @Tenant, @Agent, @version, @model, @Input, @metadata, @requestedBy, @createdBy, @idempotencyKey, @hash,
              @now, @engine, 1, 'queued', @now) RETURNING run
            """, new
        {
            id, principal.Tenant, submission.Agent, version, model, submission.Input, metadata, idempotencyKey, hash,
            requestedBy = submission.RequestedBy ?? principal.Id, createdBy = principal.Id, now = tx.Now.UtcTicks, engine = parts.Engine.Id,
        });
        foreach (var (name, value) in submission.Metadata ?? new Dictionary<string, string>())
        {
            await tx.ExecuteAsync("INSERT INTO run_metadata (tenant, name, value, id) VALUES (@Tenant, @name, @value, @id)",
                new { principal.Tenant, name, value, id });
        }

        var locked = await LockedRun.TakeAsync(tx, run);
        await locked.EventAsync(RunEvents.Created, new EventData { By = principal.Id });
        await locked.WakeAsync(Wake.Start);
        return id;
    }

    private Task ChangeAsync(Principal principal, string id, Func<StoreTransaction, LockedRun, Task> change) => parts.Store.WriteAsync(async tx =>
    {
        var run = await LockedRun.TakeAsync(tx, id);
        if (run is null || run.Row.Tenant != principal.Tenant)
        {
            throw new RefusedException(Refusal.NotFound, $"There is no run '{id}'.");
        }

        await change(tx, run);
        return true;
    }, refusable: true);
}

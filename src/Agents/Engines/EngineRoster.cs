using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Engines;

/// <summary>An engine that has served the agent store.</summary>
/// <param name="Kind">held (one process at a time) or shared (many processes of one app).</param>
/// <param name="Version">The release of the host that last started it; empty where that did not say.</param>
/// <param name="SeenAt">When a process that serves it last said so.</param>
/// <param name="LiveRuns">Its runs that have not ended.</param>
public sealed record EngineView(string Id, string Kind, string Location, string Version, DateTimeOffset SeenAt, long LiveRuns)
{
    public DateTimeOffset? RetiredAt { get; init; }

    public string? RetiredBy { get; init; }
}

/// <param name="Ended">Runs that have ended by this.</param>
/// <param name="Left">Runs that could not be ended, for which the log has the cause; the sweeps of other engines try them again, and so does the same request.</param>
public sealed record EngineRetired(int Ended, long Left);

/// <summary>The engines of an agent store. Retiring is for an admin; whoever calls has made sure of that.</summary>
public sealed class EngineRoster
{
    private readonly AgentParts parts;

    internal EngineRoster(AgentParts parts) => this.parts = parts;

    /// <summary>For a program that serves no engine itself.</summary>
    public static EngineRoster Of(AgentStore store, AgentOptions options, ILoggerFactory loggers)
    {
        // What ends a run needs no model and no tool; versions of agents are in the store.
        var none = new AgentCatalog([], new Toolbox([]), new ModelCatalog());
        return new EngineRoster(new AgentParts(store, none, EngineHold.Held(""), options, loggers.CreateLogger("Holdfast.Agents")));
    }

    /// <summary>Those seen last come first.</summary>
    public Task<IReadOnlyList<EngineView>> ListAsync() => parts.Store.ReadAsync(async tx =>
        (IReadOnlyList<EngineView>)[.. (await tx.ListAsync<CountedRow>("""
            SELECT e.*, (SELECT COUNT(*) FROM runs r WHERE r.engine = e.id AND r.ended_at IS NULL) AS live_runs FROM engines e ORDER BY e.heartbeat DESC, e.id
            """)).Select(row => new EngineView(row.Id, row.Kind, row.Location, row.Version, Times.Of(row.Heartbeat), row.LiveRuns)
        {
            RetiredAt = Times.Of(row.RetiredAt), RetiredBy = row.RetiredBy,
        })]);

    /// <summary>
    /// Bars an engine that is gone for good, and ends its runs as failed (engineLost): what had started is listed as unknown, and asked about.
    /// Again, it goes on where it was killed.
    /// </summary>
    /// <param name="by">Who retires it, for the record.</param>
    /// <param name="force">Also an engine that was seen a moment ago: its processes begin nothing more from here on.</param>
    /// <exception cref="RefusedException">No such engine, or it was seen within the last five minutes and this is not forced.</exception>
    public async Task<EngineRetired> RetireAsync(string id, string by, bool force = false)
    {
        await parts.Store.WriteAsync(tx => BarAsync(tx, id, by, force), refusable: true);
        await parts.Store.WriteAsync(tx => PassedAsync(tx, id), refusable: true);
        parts.Options.CrashPoint(AgentCrashPoints.EngineBarred);
        var ended = await new Retirement(parts).EndAllAsync(id);
        return new EngineRetired(ended, await parts.Store.ReadAsync(tx => tx.FirstAsync<long>(
            "SELECT COUNT(*) FROM runs WHERE engine = @id AND ended_at IS NULL", new { id })));
    }

    /// <summary>What an operator should see to, one sentence each: engines that have runs and that nobody serves. Empty when all is well.</summary>
    public Task<IReadOnlyList<string>> DegradedAsync() => parts.Store.ReadAsync(async tx =>
    {
        await tx.ReadClockAsync();
        var rows = await tx.ListAsync<EngineRow>("""
            SELECT e.* FROM engines e WHERE (e.retired_at IS NOT NULL OR e.heartbeat <= @before)
              AND (SELECT MIN(r.run) FROM runs r WHERE r.engine = e.id AND r.ended_at IS NULL) IS NOT NULL ORDER BY e.id
            """, new { before = (tx.Now - EngineHold.Absence).UtcTicks });
        return (IReadOnlyList<string>)[.. rows.Select(row => $"{row.Absence} It stands in {row.Location}, and has runs that have not ended yet. {row.Remedy}")];
    });

    /// <summary>Waits for the gates that are under way: one that comes later sees that the engine is barred, and takes no lock that would be waited for.</summary>
    private static async Task<bool> PassedAsync(StoreTransaction tx, string id)
    {
        await tx.FirstAsync<string>($"SELECT id FROM engines WHERE id = @id{tx.ForUpdate}", new { id });
        return await tx.ExecuteAsync("UPDATE engines SET retired_at = retired_at WHERE id = @id", new { id }) > 0; // or one that stalled between its look and its lock would go by what it saw
    }

    /// <summary>Bars it under a lock that waits for no gate: a busy engine always has one under way.</summary>
    private static async Task<bool> BarAsync(StoreTransaction tx, string id, string by, bool force)
    {
        var row = await tx.FirstAsync<EngineRow>($"SELECT * FROM engines WHERE id = @id{tx.ForNoKeyUpdate}", new { id });
        if (row is null)
        {
            var known = await tx.ListAsync<string>("SELECT id FROM engines ORDER BY id");
            throw new RefusedException(Refusal.NotFound, $"There is no engine '{id}'. {(known.Count == 0 ? "None has served this store yet." : $"Engines: {string.Join(", ", known)}.")}");
        }

        await tx.ReadClockAsync();
        if (row.RetiredAt is not null)
        {
            return false;
        }

        if (!force && row.Heartbeat > (tx.Now - EngineHold.Absence).UtcTicks)
        {
            throw new RefusedException(Refusal.Conflict,
                $"Engine {id} in {row.Location} was seen at {Times.Show(row.Heartbeat)}, so a process serves it. Stop its host and try again {EngineHold.Absence.TotalMinutes} minutes later; with --force yes it is retired now, and its runs end under it.");
        }

        await tx.ExecuteAsync("UPDATE engines SET retired_at = @Now, retired_by = @by WHERE id = @id", new { id, by, Now = tx.Now.UtcTicks });
        return true;
    }

    private sealed record CountedRow
    {
        public string Id { get; init; } = "";

        public string Kind { get; init; } = "";

        public string Location { get; init; } = "";

        public string Version { get; init; } = "";

        public long Heartbeat { get; init; }

        public long LiveRuns { get; init; }

        public long? RetiredAt { get; init; }

        public string? RetiredBy { get; init; }
    }
}

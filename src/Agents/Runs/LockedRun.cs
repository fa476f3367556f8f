using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>A run's row, locked until the transaction ends: whoever changes or gates a run holds one of these.</summary>
internal sealed class LockedRun
{
    private readonly StoreTransaction tx;

    private LockedRun(StoreTransaction tx, RunRow row)
    {
        this.tx = tx;
        Row = row;
    }

    public RunRow Row { get; private set; }

    public long Now => tx.Now.UtcTicks;

    /// <summary>The engine instance that carries the run now.</summary>
    public string Instance => Instances.OfRun(Row.Id, Row.Generation);

    public static async Task<LockedRun?> TakeAsync(StoreTransaction tx, AgentStore store, string id) =>
        await tx.FirstAsync<RunRow>($"SELECT * FROM runs WHERE id = @id{store.ForUpdate}", new { id }) is { } row ? new LockedRun(tx, row) : null;

    public static async Task<LockedRun> TakeAsync(StoreTransaction tx, AgentStore store, long run) =>
        new(tx, (await tx.FirstAsync<RunRow>($"SELECT * FROM runs WHERE run = @run{store.ForUpdate}", new { run }))!);

    /// <summary>A further fact of the run, for its watchers; numbered under the lock.</summary>
    public async Task EventAsync(string type, EventData? data = null)
    {
        var json = data is null ? null : JsonSerializer.Serialize(data, AgentsJson.Default.EventData);
        await tx.ExecuteAsync("UPDATE runs SET event_seq = event_seq + 1 WHERE run = @Run", new { Row.Run });
        await tx.ExecuteAsync("""
            INSERT INTO events (run, seq, at, type, data) SELECT run, event_seq, @Now, @type, @json FROM runs WHERE run = @Run
            """, new { Row.Run, Now, type, json });
        tx.Changed(Row.Id);
    }

    /// <summary>Decides how the run ends, unless that is decided. What waits for a person is void from here.</summary>
    public async Task EndAsync(Outcome ending)
    {
        if (Row.IsEnding)
        {
            return;
        }

        await tx.ExecuteAsync("UPDATE runs SET ending = @json WHERE run = @Run",
            new { Row.Run, json = JsonSerializer.Serialize(ending, AgentsJson.Default.Outcome) });
        await VoidApprovalsAsync($"The run ends ({ending.Kind}).");
        await RefreshAsync();
    }

    /// <summary>Stops the run until a person acts.</summary>
    public async Task PauseAsync(string code, string message)
    {
        if (Row.HasEnded || Row.Fault is not null)
        {
            return;
        }

        var fault = new Fault(code, message, tx.Now);
        await tx.ExecuteAsync("UPDATE runs SET fault = @json WHERE run = @Run",
            new { Row.Run, json = JsonSerializer.Serialize(fault, AgentsJson.Default.Fault) });
        await EventAsync(RunEvents.Paused, new EventData { Code = code, Message = message });
        await RefreshAsync();
    }

    /// <summary>
    /// Makes void what was asked and not executed, and tells each asking's instance. In-doubt questions stay open: what they ask about may
    /// have happened.
    /// </summary>
    public async Task VoidApprovalsAsync(string note)
    {
        var open = await tx.ListAsync<string>("""
            SELECT id FROM approvals WHERE run = @Run AND kind = 'approval' AND state IN ('pending', 'approved') AND consumed_at IS NULL
            """, new { Row.Run });
        foreach (var id in open)
        {
            await tx.ExecuteAsync("""
                UPDATE approvals SET note = CASE state WHEN 'approved' THEN 'Approved, not executed. ' ELSE '' END || @note, state = 'void' WHERE id = @id
                """, new { id, note });
            await WakeAskingAsync(id);
        }

        foreach (var id in await tx.ListAsync<string>(
            "SELECT id FROM approvals WHERE run = @Run AND kind = 'inDoubt' AND state = 'pending'", new { Row.Run }))
        {
            await WakeAskingAsync(id);
        }
    }

    public Task WakeAsync(string kind = Wake.Look) => tx.WakeAsync(new Wake(Instance, Row.Run, Row.Engine, kind));

    public Task WakeAskingAsync(string id) =>
        tx.WakeAsync(new Wake(Instances.OfAsking(Row.Id, Row.Generation, id), Row.Run, Row.Engine, Wake.Look));

    /// <summary>Reads the row again and brings its status and its clock up to date with everything that was changed.</summary>
    public async Task RefreshAsync()
    {
        Row = (await tx.FirstAsync<RunRow>("SELECT * FROM runs WHERE run = @Run", new { Row.Run }))!;
        var status = await StatusAsync();
        tx.Changed(Row.Id);
        if (status == Row.Status)
        {
            return;
        }

        var works = status is RunStatuses.Running or RunStatuses.Queued;
        await tx.ExecuteAsync("UPDATE runs SET status = @status, active = @active, active_since = @since WHERE run = @Run", new
        {
            Row.Run, status, active = Row.ActiveAt(Now), since = works ? Now : (long?)null,
        });
    }

    /// <summary>Notes that the run waits for a time, or no longer does.</summary>
    public async Task WaitsUntilAsync(long? until)
    {
        if (Row.WaitsUntil != until)
        {
            await tx.ExecuteAsync("UPDATE runs SET waits_until = @until WHERE run = @Run", new { Row.Run, until });
            await RefreshAsync();
        }
    }

    private async Task<string> StatusAsync()
    {
        if (Row.HasEnded)
        {
            return RunStatuses.Ended;
        }

        if (Row.SuspendedAt is not null && !Row.IsEnding)
        {
            return RunStatuses.Suspended;
        }

        if (Row.Fault is not null && !Row.IsEnding)
        {
            return RunStatuses.Paused;
        }

        if (!Row.IsEnding && (Row.WaitsUntil is not null
            || await tx.FirstAsync<long?>("SELECT 1 FROM approvals WHERE run = @Run AND state = 'pending' LIMIT 1", new { Row.Run }) is not null))
        {
            return RunStatuses.Waiting;
        }

        return Row.Turn == 0 ? RunStatuses.Queued : RunStatuses.Running;
    }
}

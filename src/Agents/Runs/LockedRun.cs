using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Runs;

/// <summary>A run's row, locked until the transaction ends: whoever changes or gates a run holds one of these.</summary>
internal sealed class LockedRun
{
    /// <summary>How often a step may begin without an ending.</summary>
    public const int MostBegins = 5;

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

    public static async Task<LockedRun?> TakeAsync(StoreTransaction tx, string id) =>
        await tx.LockRunAsync("id = @id", new { id }) is { } row ? new LockedRun(tx, row) : null;

    public static async Task<LockedRun> TakeAsync(StoreTransaction tx, long run) =>
        new(tx, (await tx.LockRunAsync("run = @run", new { run }))!);

    /// <summary>A further fact of the run, for its watchers; numbered under the lock.</summary>
    public async Task EventAsync(string type, EventData? data = null)
    {
        var json = data is null ? null : JsonSerializer.Serialize(data, AgentsJson.Default.EventData);
        await tx.ExecuteAsync("""
            UPDATE runs SET event_seq = event_seq + 1 WHERE run = @Run;
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
        if (Row.IsEnding || Row.Fault is not null)
        {
            return;
        }

        var fault = new Fault(code, message, tx.Now);
        await tx.ExecuteAsync("UPDATE runs SET fault = @json WHERE run = @Run",
            new { Row.Run, json = JsonSerializer.Serialize(fault, AgentsJson.Default.Fault) });
        await EventAsync(RunEvents.Paused, new EventData { Code = code, Message = message });
        await RefreshAsync();
    }

    /// <summary>Stops a run of which a step begins again and again.</summary>
    public Task PauseForBeginsAsync(string step, int begins) => PauseAsync("begins",
        $"{step} began {begins} times without an ending, so something ends the process or the host's code fails. See the log; then retry the run.");

    /// <summary>
    /// Makes void what was asked and not executed, and tells each asking's instance. In-doubt questions stay open: what they ask about may
    /// have happened.
    /// </summary>
    public async Task VoidApprovalsAsync(string note)
    {
        if (await WakeAskingsAsync() == 0)
        {
            return; // what could be void is among those
        }

        await tx.ExecuteAsync("""
            UPDATE approvals SET note = CASE state WHEN 'approved' THEN 'Approved, not executed. ' ELSE '' END || @note, state = 'void'
            WHERE run = @Run AND kind <> 'inDoubt' AND state IN ('pending', 'approved') AND consumed_at IS NULL
            """, new { Row.Run, note });
        await Waits.CloseAsync(tx, this);
    }

    /// <summary>Tells every asking whose word is still out, or came and was not used.</summary>
    /// <returns>How many there are.</returns>
    public async Task<int> WakeAskingsAsync()
    {
        var askings = await tx.ListAsync<string>(
            "SELECT id FROM approvals WHERE run = @Run AND (state = 'pending' OR (state IN ('approved', 'answered') AND consumed_at IS NULL)) ORDER BY id", new { Row.Run });
        foreach (var id in askings)
        {
            await WakeAskingAsync(id);
        }

        return askings.Count;
    }

    public Task WakeAsync(string kind = Wake.Look) => tx.WakeAsync(new Wake(Instance, Row.Run, Row.Engine, kind));

    public Task WakeAskingAsync(string id) =>
        tx.WakeAsync(new Wake(Instances.OfAsking(Row.Id, Row.Generation, id), Row.Run, Row.Engine, Wake.Look));

    /// <summary>Reads the row again and brings its status and its clock up to date with everything that was changed.</summary>
    public async Task RefreshAsync()
    {
        var open = (await tx.FirstAsync<OpenWork>(OpenWork.Select, new { Row.Run }))!;
        Row = open;
        var status = StatusOf(Row, open);
        var until = Row.IsEnding ? null : open.Until;
        var works = status is RunStatuses.Running or RunStatuses.Queued || (status == RunStatuses.Waiting && open.AtWork > 0);
        tx.Changed(Row.Id);
        if (status == Row.Status && until == Row.WaitsUntil && works == Row.ActiveSince is not null)
        {
            return;
        }

        Row = (await tx.FirstAsync<RunRow>("UPDATE runs SET status = @status, waits_until = @until, active = @active, active_since = @since WHERE run = @Run RETURNING *", new
        {
            Row.Run, status, until, active = Row.ActiveAt(Now), since = works ? Now : (long?)null,
        }))!;
    }

    private static string StatusOf(RunRow row, OpenWork open)
    {
        if (row.HasEnded)
        {
            return RunStatuses.Ended;
        }

        if (row.IsEnding)
        {
            return row.Turn == 0 ? RunStatuses.Queued : RunStatuses.Running;
        }

        return row.SuspendedAt is not null ? RunStatuses.Suspended
            : row.Fault is not null ? RunStatuses.Paused
            : open.Asked > 0 || open.Until is not null ? RunStatuses.Waiting
            : row.Turn == 0 ? RunStatuses.Queued : RunStatuses.Running;
    }

    /// <summary>A run and what it has open: counts, and the earliest time at which it goes on by itself.</summary>
    private sealed class OpenWork : RunRow
    {
        public const string Select = """
            SELECT r.*,
              (SELECT COUNT(*) FROM approvals a WHERE a.run = @Run AND a.turn = r.turn AND a.state = 'pending') AS asked,
              (SELECT COUNT(*) FROM calls c WHERE c.run = @Run AND c.turn = r.turn AND c.state = 'started' AND c.lease IS NOT NULL) AS at_work,
              (SELECT MIN(t.retry_at) FROM turns t WHERE t.run = @Run AND t.turn = r.turn AND t.reply IS NULL) AS turn_until,
              (SELECT MIN(c.retry_at) FROM calls c WHERE c.run = @Run AND c.turn = r.turn AND c.ended_at IS NULL) AS call_until
            FROM runs r WHERE r.run = @Run
            """;

        public long Asked { get; init; }

        public long AtWork { get; init; }

        public long? TurnUntil { get; init; }

        public long? CallUntil { get; init; }

        public long? Until => TurnUntil is null || CallUntil < TurnUntil ? CallUntil : TurnUntil;
    }
}

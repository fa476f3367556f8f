using System.Globalization;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Durable.Embedded.Storage;

/// <summary>The engine's writes. Every method runs inside a transaction on the writing thread, and may be run again if it fails to commit.</summary>
internal sealed class EngineTables(SqliteConnection connection, Statements statements)
{
    private readonly Statement findById = statements.Prepare("SELECT key, status FROM instances WHERE id = ?");
    private readonly Statement statusOf = statements.Prepare("SELECT status FROM instances WHERE key = ?");
    private readonly Statement parentOf = statements.Prepare(
        "SELECT i.parent, i.parent_step, i.name, p.status FROM instances i JOIN instances p ON p.key = i.parent WHERE i.key = ?");

    private readonly Statement insertInstance = statements.Prepare("""
        INSERT INTO instances (id, name, version, status, readiness, steps_before, parent, parent_step, created_at)
        VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?) RETURNING key
        """);

    private readonly Statement insertHistory = statements.Prepare(
        "INSERT INTO history (instance, seq, kind, step, at, name, payload) VALUES (?, ?, ?, ?, ?, ?, ?)");

    private readonly Statement insertInbox = statements.Prepare("INSERT INTO inbox (id, instance, kind, step, name, payload) VALUES (?, ?, ?, ?, ?, ?)");
    private readonly Statement deleteInbox = statements.Prepare("DELETE FROM inbox WHERE id = ?");
    private readonly Statement insertTimer = statements.Prepare("INSERT INTO timers (instance, step, due) VALUES (?, ?, ?)");
    private readonly Statement deleteTimer = statements.Prepare("DELETE FROM timers WHERE instance = ? AND step = ?");
    private readonly Statement updateInstance = statements.Prepare("UPDATE instances SET status = ?, readiness = ? WHERE key = ?");
    private readonly Statement updateCustomStatus = statements.Prepare("UPDATE instances SET custom_status = ? WHERE key = ?");
    private readonly Statement updateGeneration = statements.Prepare("UPDATE instances SET status = ?, readiness = 2, steps_before = ? WHERE key = ?");
    private readonly Statement updateCause = statements.Prepare("UPDATE instances SET status = ?, cause = ? WHERE key = ?");
    private readonly Statement updateRetried = statements.Prepare("UPDATE instances SET readiness = 3 WHERE key = ? AND readiness <> 2");
    private readonly Statement deleteInstance = statements.Prepare("DELETE FROM instances WHERE key = ?");
    private readonly Statement deleteHistoryOf = statements.Prepare("DELETE FROM history WHERE instance = ?");
    private readonly Statement deleteInboxOf = statements.Prepare("DELETE FROM inbox WHERE instance = ?");
    private readonly Statement deleteTimersOf = statements.Prepare("DELETE FROM timers WHERE instance = ?");
    private readonly Statement deleteAttemptsOf = statements.Prepare("DELETE FROM attempts WHERE instance = ?");
    private readonly Statement deleteAttempt = statements.Prepare("DELETE FROM attempts WHERE instance = ? AND step = ?");
    private readonly Statement lastSeq = statements.Prepare("SELECT MAX(seq) FROM history WHERE instance = ?");
    private readonly Statement countAttempt = statements.Prepare("""
        INSERT INTO attempts (instance, step, count) VALUES (?, ?, 1)
        ON CONFLICT (instance, step) DO UPDATE SET count = count + 1 RETURNING count
        """);

    // Ids are given here and never twice in a process, so that "not older than the last one met" is a safe test for "new".
    private long inboxId = First(connection, "SELECT MAX(id) FROM inbox");

    /// <summary>Accepts a start.</summary>
    /// <returns>The instance's key, or null when the id exists already.</returns>
    public long? Start(string id, string name, string version, string? input, long now, long? startAt)
    {
        if (Find(id) is not null)
        {
            return null;
        }

        var key = Insert(id, name, version, input, now, null, 0, startAt is null ? Readiness.New : Readiness.Idle, startAt);
        if (startAt is { } due)
        {
            insertTimer.With(key).And(0L).And(due).Run();
        }

        return key;
    }

    /// <summary>Accepts an event.</summary>
    /// <exception cref="InstanceNotFoundException"/>
    /// <exception cref="InstanceEndedException"/>
    public Delivery Raise(string id, string name, string? payload)
    {
        var (key, status) = Find(id) ?? throw new InstanceNotFoundException(id);
        return status.IsEnded() ? throw new InstanceEndedException(id, status) : Deliver(key, new Message(RowKind.EventRaised, 0, name, payload));
    }

    /// <param name="fresh">Inputs of the batch that stand nowhere on disk yet; they go to the inbox if the instance may not move now.</param>
    public CommitOutcome Commit(Batch batch, IReadOnlyList<Message> fresh, long now)
    {
        if (Status(batch.Key) is not (OrchestrationRuntimeStatus.Running or OrchestrationRuntimeStatus.Pending))
        {
            Park(batch.Key, fresh);
            return new CommitOutcome(false, []);
        }

        foreach (var inbox in batch.Consumed)
        {
            deleteInbox.With(inbox).Run();
        }

        if (batch.StatusChanged)
        {
            updateCustomStatus.With().And(batch.CustomStatus).And(batch.Key).Run();
        }

        List<Delivery> deliveries = [];
        var seq = batch.FirstSeq;
        var ended = false;
        foreach (var row in batch.Rows)
        {
            if (row.Kind == RowKind.ContinuedAsNew)
            {
                BeginGeneration(batch, row, now);
                return new CommitOutcome(true, deliveries);
            }

            Append(batch.Key, seq++, row);
            ended |= Carry(batch, row, now, deliveries);
        }

        if (ended)
        {
            return new CommitOutcome(true, deliveries);
        }

        foreach (var step in batch.TimersCancelled)
        {
            deleteTimer.With(batch.Key).And(step).Run();
        }

        foreach (var step in batch.Cleared)
        {
            deleteAttempt.With(batch.Key).And(step).Run();
        }

        if (batch.RowChanged)
        {
            updateInstance.With((long)OrchestrationRuntimeStatus.Running).And((long)batch.Readiness).And(batch.Key).Run();
        }

        return new CommitOutcome(true, deliveries);
    }

    /// <summary>Stops an instance until a person acts. What it had received stays received.</summary>
    public bool Pause(long key, FailureDetails cause, IReadOnlyList<Message> fresh)
    {
        var status = Status(key);
        if (status.IsEnded())
        {
            return false;
        }

        Park(key, fresh);
        if (status == OrchestrationRuntimeStatus.Suspended)
        {
            return false; // it meets the same fault when it is resumed
        }

        updateCause.With((long)OrchestrationRuntimeStatus.Paused).And(FailureJson.Write(cause)).And(key).Run();
        return true;
    }

    /// <summary>Keeps inputs for an instance that may not move now, and drops those of one that has ended.</summary>
    public void Park(long key, IReadOnlyList<Message> fresh)
    {
        if (fresh.Count == 0 || Status(key).IsEnded())
        {
            return;
        }

        foreach (var message in fresh)
        {
            // A timer fires again by itself.
            if (message.Kind != RowKind.TimerFired)
            {
                Deliver(key, message);
            }
        }
    }

    /// <summary>Suspends, resumes or retries.</summary>
    /// <param name="from">The statuses in which this changes anything; in others it does nothing.</param>
    public long? Change(string id, OrchestrationRuntimeStatus to, params ReadOnlySpan<OrchestrationRuntimeStatus> from)
    {
        var (key, status) = Find(id) ?? throw new InstanceNotFoundException(id);
        if (status.IsEnded())
        {
            throw new InstanceEndedException(id, status);
        }

        if (!from.Contains(status))
        {
            return null;
        }

        updateCause.With((long)to).And((string?)null).And(key).Run();
        if (status == OrchestrationRuntimeStatus.Paused)
        {
            updateRetried.With(key).Run();
            deleteAttemptsOf.With(key).Run();
        }

        return key;
    }

    public (long Key, Delivery? ToParent)? Terminate(string id, string? output, long now)
    {
        var (key, status) = Find(id) ?? throw new InstanceNotFoundException(id);
        if (status.IsEnded())
        {
            return null;
        }

        lastSeq.With(key).Next();
        var seq = lastSeq.Int64(0) + 1;
        lastSeq.End();
        Append(key, seq, new HistoryRow(RowKind.Terminated, 0, now, null, output));
        var failure = new FailureDetails("Terminated", $"Instance '{id}' was terminated.");
        return (key, Finish(key, OrchestrationRuntimeStatus.Terminated, RowKind.SubOrchestrationFailed, FailureJson.Write(failure)));
    }

    public bool Purge(string id)
    {
        if (Find(id) is not ({ } key, { } status) || !status.IsEnded())
        {
            return false;
        }

        deleteHistoryOf.With(key).Run();
        deleteAttemptsOf.With(key).Run();
        deleteInstance.With(key).Run();
        return true;
    }

    /// <summary>Counts work that was in flight when the process died.</summary>
    /// <returns>How often it has been; 0 when its instance has ended or is paused, so that it cannot be the cause.</returns>
    public long CountUncleanEnd(long key, long step)
    {
        if (Status(key) is var status && (status.IsEnded() || status == OrchestrationRuntimeStatus.Paused))
        {
            return 0;
        }

        countAttempt.With(key).And(step).Next();
        var count = countAttempt.Int64(0);
        countAttempt.Run();
        return count;
    }

    private static long First(SqliteConnection connection, string sql)
    {
        using var statement = new Statement(connection, sql);
        statement.With().Next();
        return statement.Int64(0);
    }

    private long Insert(
        string id, string name, string version, string? input, long now, long? parent, long parentStep, Readiness readiness, long? startAt = null)
    {
        insertInstance.With(id).And(name).And(version).And((long)OrchestrationRuntimeStatus.Pending).And((long)readiness)
            .And(parent).And(parentStep).And(now).Next();
        var key = insertInstance.Int64(0);
        insertInstance.End();
        Append(key, 0, new HistoryRow(RowKind.Started, 0, Math.Max(now, startAt ?? now), null, input));
        return key;
    }

    private void Append(long key, long seq, in HistoryRow row) =>
        insertHistory.With(key).And(seq).And((long)row.Kind).And(row.Step).And(row.At).And(row.Name).And(row.Payload).Run();

    private Delivery Deliver(long key, Message message)
    {
        var id = ++inboxId;
        insertInbox.With(id).And(key).And((long)message.Kind).And(message.Step).And(message.Name).And(message.Payload).Run();
        return new Delivery(key, message with { Inbox = id });
    }

    /// <summary>What a row means for the other tables.</summary>
    /// <returns>Whether it ended the instance.</returns>
    private bool Carry(Batch batch, in HistoryRow row, long now, List<Delivery> deliveries)
    {
        switch (row.Kind)
        {
            case RowKind.TimerCreated:
                insertTimer.With(batch.Key).And(row.Step).And(long.Parse(row.Payload!, CultureInfo.InvariantCulture)).Run();
                break;

            case RowKind.TimerFired:
                deleteTimer.With(batch.Key).And(row.Step).Run();
                break;

            case RowKind.SubOrchestrationScheduled:
                var (child, input) = ChildCall.Parse(row.Payload!);
                if (Find(child) is null)
                {
                    var key = Insert(child, row.Name!, string.Empty, input, now, batch.Key, row.Step, Readiness.New);
                    deliveries.Add(new Delivery(key, default));
                }
                else
                {
                    var failure = new FailureDetails("InstanceExists", $"Instance '{child}' exists already and was not started by this step. Give the child another id.");
                    deliveries.Add(Deliver(batch.Key, new Message(RowKind.SubOrchestrationFailed, row.Step, row.Name, FailureJson.Write(failure))));
                }

                break;

            case RowKind.EventSent:
                var (target, eventName, payload) = SentEvent.Parse(row);
                if (Find(target) is ({ } targetKey, { } status) && !status.IsEnded())
                {
                    deliveries.Add(Deliver(targetKey, new Message(RowKind.EventRaised, 0, eventName, payload)));
                }

                break;

            case RowKind.Completed:
                Add(deliveries, Finish(batch.Key, OrchestrationRuntimeStatus.Completed, RowKind.SubOrchestrationCompleted, row.Payload));
                return true;

            case RowKind.Failed:
                Add(deliveries, Finish(batch.Key, OrchestrationRuntimeStatus.Failed, RowKind.SubOrchestrationFailed, row.Payload));
                return true;
        }

        return false;
    }

    private static void Add(List<Delivery> deliveries, Delivery? delivery)
    {
        if (delivery is { } one)
        {
            deliveries.Add(one);
        }
    }

    private Delivery? Finish(long key, OrchestrationRuntimeStatus status, RowKind kind, string? payload)
    {
        updateInstance.With((long)status).And((long)Readiness.Idle).And(key).Run();
        deleteTimersOf.With(key).Run();
        deleteInboxOf.With(key).Run();
        deleteAttemptsOf.With(key).Run();
        if (!parentOf.With(key).Next())
        {
            return null; // nobody called it, or who did was purged
        }

        var (parent, step, name) = (parentOf.Int64(0), parentOf.Int64(1), parentOf.Text(2));
        var parentStatus = (OrchestrationRuntimeStatus)parentOf.Int64(3);
        parentOf.End();
        return parentStatus.IsEnded() ? null : Deliver(parent, new Message(kind, step, name, payload));
    }

    private void BeginGeneration(Batch batch, in HistoryRow row, long now)
    {
        deleteHistoryOf.With(batch.Key).Run();
        deleteTimersOf.With(batch.Key).Run();
        deleteAttemptsOf.With(batch.Key).Run();

        // Unread events come before the start, so that a replay finds them where the code did: there from the beginning.
        var at = Math.Max(now, row.At);
        var seq = 0L;
        foreach (var unread in batch.Unread)
        {
            Append(batch.Key, seq++, unread with { At = at });
        }

        Append(batch.Key, seq, new HistoryRow(RowKind.Started, 0, at, null, row.Payload));

        updateGeneration.With((long)OrchestrationRuntimeStatus.Running).And(row.Step).And(batch.Key).Run();
    }

    private (long Key, OrchestrationRuntimeStatus Status)? Find(string id)
    {
        if (!findById.With(id).Next())
        {
            return null;
        }

        var found = (findById.Int64(0), (OrchestrationRuntimeStatus)findById.Int64(1));
        findById.End();
        return found;
    }

    private OrchestrationRuntimeStatus Status(long key)
    {
        if (!statusOf.With(key).Next())
        {
            return OrchestrationRuntimeStatus.Terminated; // purged
        }

        var status = (OrchestrationRuntimeStatus)statusOf.Int64(0);
        statusOf.End();
        return status;
    }
}

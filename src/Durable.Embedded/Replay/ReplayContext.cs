using System.Globalization;
using Holdfast.Durable.Embedded.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Durable.Embedded.Replay;

/// <summary>
/// One generation of an instance in memory: the code, what it waits for, and what it has decided since it was last asked. It is fed
/// inputs one at a time; it touches neither disk nor clock.
/// </summary>
internal sealed class ReplayContext : OrchestrationContext
{
    private readonly InstanceRow row;
    private readonly OrchestratorRegistration code;
    private readonly ILogger logger;
    private readonly EpisodeThread thread;
    private readonly Action<Exception> strayed;
    private readonly Dictionary<long, OpenActivity> activities = [];
    private readonly Dictionary<long, TaskCompletionSource<string?>> children = [];
    private readonly Dictionary<long, (TaskCompletionSource Answer, long Due)> timers = [];
    private readonly Dictionary<string, TaskCompletionSource<string?>> waiters = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<HistoryRow> unread = [];
    private readonly Queue<HistoryRow> decisions = [];
    private readonly List<long> cancelledTimers = [];
    private Task<string?>? main;
    private HistoryRow? nextGeneration;
    private bool preserveUnread;
    private long now;

    /// <param name="strayed">Called, from any thread, when the code is found to await what is not in its history.</param>
    public ReplayContext(LoadedInstance loaded, DurableRegistry registry, ILoggerFactory loggers, Action<Exception> strayed)
        : base(registry.Payloads, loaded.Row.StepsBefore)
    {
        row = loaded.Row;
        Parent = loaded.Parent;
        LoggerFactory = loggers;
        logger = loggers.CreateLogger<ReplayContext>();
        CustomStatus = row.CustomStatus;
        this.strayed = strayed;
        thread = new EpisodeThread(() => Stray());
        code = registry.Orchestrators.TryGetValue(row.Name, out var found) ? found : throw new ReplayMismatchException(row.Id, row.Name,
            $"no orchestrator of this name is registered. {registry.Orchestrators.Listed()}");
        IsReplayingNow = row.Readiness != Readiness.New && row.Status != OrchestrationRuntimeStatus.Pending && loaded.StartsAt is null;
        Replay(loaded.History);
    }

    public override string Name => row.Name;

    public override string InstanceId => row.Id;

    public override string Version => row.Version;

    public override ParentInstance? Parent { get; }

    public override DateTime CurrentUtcDateTime => new(now, DateTimeKind.Utc);

    public override bool IsReplaying => IsReplayingNow;

    protected override ILoggerFactory LoggerFactory { get; }

    public string? CustomStatus { get; private set; }

    public bool HasEnded { get; private set; }

    /// <summary>Why the code cannot go on, though nothing of it has failed: the instance is to be paused.</summary>
    public Exception? Fault { get; private set; }

    public IReadOnlyCollection<OpenActivity> OpenActivities => activities.Values;

    public IEnumerable<(long Step, long Due)> OpenTimers => timers.Select(timer => (timer.Key, timer.Value.Due));

    /// <summary>Events that came and that nobody has read, for the next generation; empty if the code wants them dropped.</summary>
    public IReadOnlyList<HistoryRow> Unread => preserveUnread ? unread : [];

    private bool IsReplayingNow { get; set; }

    /// <summary>Whether an input still means something to this instance.</summary>
    public bool Accepts(in Message message) => message.Kind switch
    {
        RowKind.ActivityCompleted or RowKind.ActivityFailed => activities.ContainsKey(message.Step),
        RowKind.SubOrchestrationCompleted or RowKind.SubOrchestrationFailed => children.ContainsKey(message.Step),
        RowKind.TimerFired => timers.ContainsKey(message.Step),
        RowKind.EventRaised => true,
        _ => false,
    };

    public bool IsOpenTimer(long step) => timers.ContainsKey(step);

    public OpenActivity? Activity(long step) => activities.GetValueOrDefault(step);

    /// <summary>Hands one input to the code and lets it go on until it waits again.</summary>
    public void Feed(HistoryRow input)
    {
        now = Math.Max(now, input.At);
        thread.Run(() => Apply(input));
        if (main is { IsCompleted: true } && !HasEnded && Fault is null)
        {
            End(main);
        }
    }

    /// <summary>What the code has decided since this was last asked, in order.</summary>
    public IReadOnlyList<HistoryRow> TakeDecisions()
    {
        HistoryRow[] taken = [.. decisions];
        decisions.Clear();
        return taken;
    }

    public IReadOnlyList<long> TakeCancelledTimers()
    {
        long[] taken = [.. cancelledTimers];
        cancelledTimers.Clear();
        return taken;
    }

    protected override void EnsureInside()
    {
        if (!thread.IsInside)
        {
            throw Stray();
        }
    }

    protected override void MeetMismatch(PayloadMismatchException mismatch) => Fault = mismatch;

    protected override Task<string?> ScheduleActivity(long step, string name, string? input, RetryPolicy? retry)
    {
        var answer = new TaskCompletionSource<string?>();
        activities.Add(step, new OpenActivity(step, name, input, retry, now, answer));
        Decide(new HistoryRow(RowKind.ActivityScheduled, step, now, name, input));
        return answer.Task;
    }

    protected override Task<string?> ScheduleSubOrchestrator(long step, string name, string instanceId, string? input)
    {
        var answer = new TaskCompletionSource<string?>();
        children.Add(step, answer);
        Decide(new HistoryRow(RowKind.SubOrchestrationScheduled, step, now, name, ChildCall.Format(instanceId, input)));
        return answer.Task;
    }

    protected override Task ScheduleTimer(long step, DateTime fireAt, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource();
        timers.Add(step, (answer, fireAt.Ticks));
        Decide(new HistoryRow(RowKind.TimerCreated, step, now, null, fireAt.Ticks.ToString(CultureInfo.InvariantCulture)));
        OnCancel(() =>
        {
            if (timers.Remove(step))
            {
                cancelledTimers.Add(step);
                answer.SetCanceled(cancellationToken);
            }
        }, cancellationToken);
        return answer.Task;
    }

    protected override Task<string?> WaitForEvent(string name, CancellationToken cancellationToken)
    {
        var early = unread.FindIndex(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase));
        if (early >= 0)
        {
            var payload = unread[early].Payload;
            unread.RemoveAt(early);
            return Task.FromResult(payload);
        }

        var answer = new TaskCompletionSource<string?>();
        if (!waiters.TryAdd(name, answer))
        {
            throw new InvalidOperationException(
                $"Instance '{InstanceId}' waits for event '{name}' already. Keep that waiter and race it against a timer; engines differ on who of two would get the event.");
        }

        OnCancel(() =>
        {
            if (waiters.TryGetValue(name, out var open) && open == answer)
            {
                waiters.Remove(name);
                answer.SetCanceled(cancellationToken);
            }
        }, cancellationToken);
        return answer.Task;
    }

    protected override void RecordSend(long step, string instanceId, string name, string? payload) =>
        Decide(SentEvent.Row(step, now, instanceId, name, payload));

    protected override void RecordContinueAsNew(long step, string? input, bool preserveUnprocessedEvents)
    {
        nextGeneration = new HistoryRow(RowKind.ContinuedAsNew, step, now, null, input);
        preserveUnread = preserveUnprocessedEvents;
    }

    protected override void RecordCustomStatus(string? status) => CustomStatus = status;

    private void OnCancel(Action cancel, CancellationToken cancellation) => cancellation.UnsafeRegister(_ =>
    {
        if (thread.IsInside)
        {
            cancel();
        }
        else
        {
            Stray(); // thrown here it would end the process: this may be a timer's thread
        }
    }, null);

    private void Replay(IReadOnlyList<HistoryRow> history)
    {
        foreach (var recorded in history)
        {
            if (recorded.IsNote)
            {
                Note(recorded);
            }
            else if (recorded.IsInput)
            {
                if (decisions.TryPeek(out var surplus))
                {
                    throw Mismatch(recorded, surplus);
                }

                Feed(recorded);
                if (Fault is not null)
                {
                    return;
                }
            }
            else
            {
                Match(recorded);
            }
        }

        // Each input was recorded together with all that it led to, so there is nothing left to ask for.
        if (IsReplayingNow && row.Readiness != Readiness.Retried && decisions.TryPeek(out var more))
        {
            throw Mismatch(null, more);
        }

        IsReplayingNow = false;
    }

    private void Match(in HistoryRow recorded)
    {
        if (!decisions.TryDequeue(out var asked))
        {
            throw Mismatch(recorded, null);
        }

        if (asked.Kind != recorded.Kind || asked.Step != recorded.Step || asked.Name != recorded.Name)
        {
            throw Mismatch(recorded, asked);
        }

        if (asked.Payload != recorded.Payload)
        {
            UseRecorded(recorded);
            logger.LogWarning("Instance {Instance}: the input of {Step} is not what history holds; the recorded one was used.",
                InstanceId, ReplayMismatchException.Describe(recorded));
        }
    }

    private void UseRecorded(in HistoryRow recorded)
    {
        if (recorded.Kind == RowKind.ActivityScheduled)
        {
            activities[recorded.Step].Recorded(recorded.Payload);
        }
        else if (recorded.Kind == RowKind.TimerCreated && timers.TryGetValue(recorded.Step, out var timer))
        {
            timers[recorded.Step] = timer with { Due = long.Parse(recorded.Payload!, CultureInfo.InvariantCulture) };
        }
    }

    private void Note(in HistoryRow note)
    {
        if (note.Kind == RowKind.ActivityRetried && activities.TryGetValue(note.Step, out var activity))
        {
            activity.Failed(long.Parse(note.Name!, CultureInfo.InvariantCulture));
        }
    }

    private ReplayMismatchException Mismatch(HistoryRow? recorded, HistoryRow? asked) => new(row.Id, row.Name,
        $"history holds {Described(recorded)}, the code asked for {Described(asked)}.");

    private static string Described(HistoryRow? one) => one is { } it ? ReplayMismatchException.Describe(it) : "nothing there";

    private void Decide(in HistoryRow decision) => decisions.Enqueue(decision);

    private void Apply(in HistoryRow input)
    {
        switch (input.Kind)
        {
            case RowKind.Started:
                main = code.Run(this, input.Payload);
                break;
            case RowKind.ActivityCompleted when activities.Remove(input.Step, out var activity):
                activity.Answer.SetResult(input.Payload);
                break;
            case RowKind.ActivityFailed when activities.Remove(input.Step, out var activity):
                activity.Answer.SetException(Failure(activity.Name, input));
                break;
            case RowKind.SubOrchestrationCompleted when children.Remove(input.Step, out var child):
                child.SetResult(input.Payload);
                break;
            case RowKind.SubOrchestrationFailed when children.Remove(input.Step, out var child):
                child.SetException(Failure(input.Name ?? string.Empty, input));
                break;
            case RowKind.TimerFired when timers.Remove(input.Step, out var timer):
                timer.Answer.SetResult();
                break;
            case RowKind.EventRaised when waiters.Remove(input.Name!, out var waiter):
                waiter.SetResult(input.Payload);
                break;
            case RowKind.EventRaised:
                unread.Add(input);
                break;
        }
    }

    private static TaskFailedException Failure(string name, in HistoryRow input) =>
        new(name, input.Step, FailureJson.Read(input.Payload!));

    private void End(Task<string?> ended)
    {
        if (ended.Exception?.InnerException is { } exception)
        {
            if (exception is PayloadMismatchException)
            {
                Fault = exception;
                return;
            }

            HasEnded = true;
            Decide(new HistoryRow(RowKind.Failed, 0, now, null, FailureJson.Write(Details(exception))));
            return;
        }

        HasEnded = true;
        Decide(ended.IsCanceled
            ? new HistoryRow(RowKind.Failed, 0, now, null,
                FailureJson.Write(new FailureDetails(typeof(TaskCanceledException).FullName!, "The orchestrator was cancelled by its own token.")))
            : nextGeneration ?? new HistoryRow(RowKind.Completed, 0, now, null, ended.Result));
    }

    private static FailureDetails Details(Exception exception) => exception is TaskFailedException failed
        ? FailureDetails.FromException(failed) with { InnerFailure = failed.FailureDetails }
        : FailureDetails.FromException(exception);

    private InvalidOperationException Stray()
    {
        var astray = new InvalidOperationException(
            $"Orchestrator '{Name}' (instance '{InstanceId}') awaited something that is not in its history, after step {Step}: Task.Run, Task.Delay, "
            + "I/O, or ConfigureAwait(false). Use an activity, CreateTimer or WaitForExternalEvent; then retry the instance.");
        Fault ??= astray; // for the turn that is running, if one is: it must not end by what it was told off the record
        strayed(astray);
        return astray;
    }
}

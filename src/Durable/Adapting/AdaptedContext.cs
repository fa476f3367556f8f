namespace Holdfast.Durable.Adapting;

/// <summary>
/// One generation of an instance on another engine. Here is what has to be decided; what is left to the engine's adapter is delegation.
/// </summary>
public abstract class AdaptedContext : OrchestrationContext
{
    private readonly InstanceEnvelope given;
    private readonly EventWaiters waiters;
    private readonly List<CancellationTokenSource> timers = [];
    private readonly HashSet<string> children = new(StringComparer.Ordinal);
    private (InstanceEnvelope Input, bool PreserveEvents)? next;
    private DateTime latest;
    private bool hasEnded;

    /// <param name="given">The instance's input, checked.</param>
    protected AdaptedContext(Payloads payloads, InstanceEnvelope given, string instanceId)
        : base(payloads, given.Steps)
    {
        this.given = given;
        latest = new DateTime(given.Latest, DateTimeKind.Utc);
        waiters = new EventWaiters(instanceId, WaitForForeignEvent, given.Held);
    }

    /// <inheritdoc/>
    /// <remarks>Machines' clocks differ; an instance that moves between them sees the latest time it has seen, in any generation.</remarks>
    public sealed override DateTime CurrentUtcDateTime => latest = ForeignUtcDateTime > latest ? ForeignUtcDateTime : latest;

    protected abstract DateTime ForeignUtcDateTime { get; }

    /// <summary>Whether the caller is the orchestrator's own code on the orchestrator's own turn.</summary>
    protected abstract bool IsInside { get; }

    /// <summary>Runs the code of this generation, and then asks the engine for the next one if the code wants that.</summary>
    public async Task<RawJson> RunAsync(OrchestratorRegistration code)
    {
        try
        {
            var output = await code.Run(this, given.Input.Text);
            if (next is var (input, preserveEvents))
            {
                // Now, not when the code asked: what the engine's waiters have brought in between is handed on too.
                var held = preserveEvents && waiters.Unread is { Count: > 0 } unread ? unread : null;
                ContinueForeignAsNew((input with { Steps = Step, Latest = CurrentUtcDateTime.Ticks, Held = held }).Fitting(Name), preserveEvents);
            }

            return new RawJson(output);
        }
        finally
        {
            // An engine may keep an instance until its timers have fired. Cancelled on this thread: an orchestrator has no other.
            hasEnded = true;
            timers.ToList().ForEach(timer => timer.Cancel());
        }
    }

    /// <exception cref="TaskFailedException">The activity failed.</exception>
    protected abstract Task<RawJson> CallForeignActivity(string name, ActivityEnvelope input);

    /// <exception cref="TaskFailedException">The instance failed, was terminated, or could not be started under this id.</exception>
    protected abstract Task<RawJson> CallForeignSubOrchestrator(long step, string name, string instanceId, InstanceEnvelope input);

    protected abstract Task CreateForeignTimer(DateTime fireAt, CancellationToken cancellationToken);

    /// <summary>The next event of a name. Called again only when the one before has come.</summary>
    protected abstract Task<RawJson> WaitForForeignEvent(string name);

    protected abstract void SendForeignEvent(string instanceId, string name, RawJson payload);

    protected abstract void ContinueForeignAsNew(InstanceEnvelope input, bool preserveUnprocessedEvents);

    protected abstract void SetForeignCustomStatus(RawJson status);

    protected sealed override void EnsureInside()
    {
        if (!IsInside)
        {
            throw new InvalidOperationException(
                $"Orchestrator '{Name}' (instance '{InstanceId}') awaited something that is not in its history, after step {Step}: another thread's work, a delay "
                + "of the clock, I/O, or ConfigureAwait(false). Use an activity, CreateTimer or WaitForExternalEvent.");
        }

        // What it asked for now would have a number, and a key, that the next generation gives to another step.
        if (hasEnded)
        {
            throw new InvalidOperationException(
                $"Orchestrator '{Name}' (instance '{InstanceId}') asked for something after it had ended, after step {Step}. Await what is begun before returning.");
        }
    }

    protected sealed override async Task<string?> ScheduleActivity(long step, string name, string? input, RetryPolicy? retry)
    {
        // Retried here, so that all engines read a policy alike; each attempt has the same envelope.
        var envelope = ActivityEnvelope.Of(InstanceId, step, input);
        var began = CurrentUtcDateTime;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return (await CallForeignActivity(name, envelope)).Text;
            }
            catch (TaskFailedException) when (!hasEnded && retry?.NextInterval(attempt, CurrentUtcDateTime - began) is { } wait)
            {
                if (wait > TimeSpan.Zero)
                {
                    await WaitUntil(CurrentUtcDateTime + wait, CancellationToken.None);
                }
            }
        }
    }

    protected sealed override async Task<string?> ScheduleSubOrchestrator(long step, string name, string instanceId, string? input)
    {
        // An engine would replace the child that has ended. Whose id else it may be cannot be asked from in here.
        if (!children.Add(instanceId))
        {
            throw new TaskFailedException(name, step, new FailureDetails(typeof(ArgumentException).FullName!,
                $"Instance '{instanceId}' has been called by instance '{InstanceId}' before. Give each call an id of its own."));
        }

        return (await CallForeignSubOrchestrator(step, name, instanceId, InstanceEnvelope.Of(input))).Text;
    }

    protected sealed override Task ScheduleTimer(long step, DateTime fireAt, CancellationToken cancellationToken) => WaitUntil(fireAt, cancellationToken);

    protected sealed override Task<string?> WaitForEvent(string name, CancellationToken cancellationToken) => waiters.WaitAsync(name, cancellationToken);

    protected sealed override void RecordSend(long step, string instanceId, string name, string? payload) =>
        SendForeignEvent(instanceId, name, new RawJson(payload));

    protected sealed override void RecordContinueAsNew(long step, string? input, bool preserveUnprocessedEvents) =>
        next = (InstanceEnvelope.Of(input), preserveUnprocessedEvents);

    protected sealed override void RecordCustomStatus(string? status) => SetForeignCustomStatus(new RawJson(status));

    private async Task WaitUntil(DateTime due, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timers.Add(timer);
        try
        {
            do
            {
                await CreateForeignTimer(WholeSeconds.Up(due), timer.Token);
            }
            while (CurrentUtcDateTime < due); // fired early
        }
        catch (OperationCanceledException) when (hasEnded && !cancellationToken.IsCancellationRequested)
        {
            // It neither fired nor was cancelled by the code, and what awaits it must not go on as if.
            await new TaskCompletionSource().Task;
        }
        finally
        {
            timers.Remove(timer);
        }
    }
}

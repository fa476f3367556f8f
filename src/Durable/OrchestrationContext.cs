using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Durable;

/// <summary>
/// What an orchestrator may use. Names and meaning are those of Durable Functions' TaskOrchestrationContext; where engines differ
/// this port forbids rather than promises. It numbers the steps: every engine gets the number with the step.
/// </summary>
public abstract class OrchestrationContext
{
    private readonly Payloads payloads;
    private int guids;

    /// <param name="stepsBefore">The steps of earlier generations (continue-as-new); the count goes on.</param>
    protected OrchestrationContext(Payloads payloads, long stepsBefore)
    {
        this.payloads = payloads;
        Step = stepsBefore;
    }

    /// <summary>The orchestrator's registered name.</summary>
    public abstract string Name { get; }

    public abstract string InstanceId { get; }

    /// <summary>The instance that called this one; null for one started by a client.</summary>
    public abstract ParentInstance? Parent { get; }

    /// <summary>The version given at the start; empty when none was.</summary>
    public abstract string Version { get; }

    /// <summary>The time of the input that is being handled: the same at every replay, never going back.</summary>
    public abstract DateTime CurrentUtcDateTime { get; }

    /// <summary>True while recorded history is being replayed.</summary>
    public abstract bool IsReplaying { get; }

    /// <summary>The number of the last step asked for; 0 before the first.</summary>
    public long Step { get; private set; }

    /// <summary>Runs an activity and returns its recorded result.</summary>
    /// <exception cref="TaskFailedException">It failed, its retries included.</exception>
    public async Task<TResult> CallActivityAsync<TResult>(string name, object? input = null, TaskOptions? options = null)
    {
        EnsureInside();
        var json = payloads.Write(input, $"The input of activity '{name}'");
        return Result<TResult>(await ScheduleActivity(++Step, name, json, options?.Retry));
    }

    /// <inheritdoc cref="CallActivityAsync{TResult}"/>
    public Task CallActivityAsync(string name, object? input = null, TaskOptions? options = null) =>
        CallActivityAsync<Nothing>(name, input, options);

    /// <summary>Runs another orchestrator as an instance of its own and returns its output.</summary>
    /// <exception cref="TaskFailedException">It failed or was terminated, or its id belongs to somebody else's instance.</exception>
    public async Task<TResult> CallSubOrchestratorAsync<TResult>(string name, object? input = null, TaskOptions? options = null)
    {
        EnsureInside();
        var json = payloads.Write(input, $"The input of orchestrator '{name}'");
        var id = (options as SubOrchestrationOptions)?.InstanceId ?? ChildId(Step + 1);
        var began = CurrentUtcDateTime;
        for (var attempt = 1; ; attempt++)
        {
            // Each attempt is an instance of its own: the failed one stays to be looked at.
            var child = attempt == 1 ? InstanceIds.Checked(id) : Fitting($"{id}:{attempt}", Step + 1);
            try
            {
                return Result<TResult>(await ScheduleSubOrchestrator(++Step, name, child, json));
            }
            catch (TaskFailedException) when (options?.Retry?.NextInterval(attempt, CurrentUtcDateTime - began) is { } wait)
            {
                await CreateTimer(wait, CancellationToken.None);
            }
        }
    }

    /// <summary>Completes after <paramref name="delay"/>: perhaps late, never early.</summary>
    /// <param name="cancellationToken">Cancels the timer; only the orchestrator itself may cancel it.</param>
    public Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken) =>
        CreateTimer(CurrentUtcDateTime + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay), cancellationToken);

    /// <inheritdoc cref="CreateTimer(TimeSpan, CancellationToken)"/>
    /// <param name="fireAt">When, in UTC; a time that is past fires at once.</param>
    public Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        EnsureInside();
        return fireAt.Kind == DateTimeKind.Local
            ? throw new ArgumentException($"{fireAt:O} is a local time. Pass UTC.", nameof(fireAt))
            : ScheduleTimer(++Step, DateTime.SpecifyKind(fireAt, DateTimeKind.Utc), cancellationToken);
    }

    /// <summary>
    /// The next unread event of this name; names ignore case. Events that came early wait. Keep one open waiter per name:
    /// race it against a timer rather than waiting anew.
    /// </summary>
    /// <exception cref="InvalidOperationException">A waiter on this name is open already; engines differ on who would win.</exception>
    public async Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        EnsureInside();
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        return payloads.Read<T>(await WaitForEvent(eventName, cancellationToken));
    }

    /// <summary>The next unread event of this name, if it comes in time. An event that comes later waits for the next waiter.</summary>
    /// <param name="timeout">From now; <see cref="Timeout.InfiniteTimeSpan"/> for no bound.</param>
    /// <exception cref="TaskCanceledException">None came in time.</exception>
    public async Task<T> WaitForExternalEvent<T>(string eventName, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return await WaitForExternalEvent<T>(eventName, cancellationToken);
        }

        // Cancelled on this thread, not by CancelAsync: an orchestrator has no other.
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var answered = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiter = WaitForExternalEvent<T>(eventName, giveUp.Token);
        var timer = CreateTimer(timeout, answered.Token);
        if (await Task.WhenAny(waiter, timer) == timer)
        {
            giveUp.Cancel();
        }
        else
        {
            answered.Cancel();
        }

        return await waiter;
    }

    /// <summary>Sends an event to another instance. It cannot be refused: to an unknown or ended instance it is dropped and logged.</summary>
    public void SendEvent(string instanceId, string eventName, object? payload = null)
    {
        EnsureInside();
        var json = payloads.Write(payload, $"Event '{eventName}'");
        RecordSend(++Step, InstanceIds.Checked(instanceId), eventName, json);
    }

    /// <summary>
    /// Ends this generation and begins the next with a new input and an empty history. Return right after it. The step count goes on.
    /// </summary>
    /// <param name="preserveUnprocessedEvents">Whether events that nobody has read yet are handed on.</param>
    public void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        EnsureInside();
        var json = payloads.Write(newInput, $"The new input of orchestrator '{Name}'");
        RecordContinueAsNew(++Step, json, preserveUnprocessedEvents);
    }

    /// <summary>Sets what clients see as the instance's custom status; at most 16 KB of JSON.</summary>
    /// <exception cref="PayloadTooLargeException">Larger than 16 KB.</exception>
    public void SetCustomStatus(object? customStatus)
    {
        EnsureInside();
        RecordCustomStatus(payloads.Write(customStatus, "The custom status", Payloads.CustomStatusLimit));
    }

    /// <summary>A GUID that is the same at every replay.</summary>
    public Guid NewGuid()
    {
        EnsureInside();
        return StepKey.Guid(InstanceId, Step, ++guids);
    }

    /// <summary>A logger that is silent during replay.</summary>
    public ILogger CreateReplaySafeLogger(string categoryName) => new ReplaySafeLogger(this, LoggerFactory.CreateLogger(categoryName));

    /// <inheritdoc cref="CreateReplaySafeLogger(string)"/>
    public ILogger CreateReplaySafeLogger<T>() => CreateReplaySafeLogger(typeof(T).FullName!);

    protected virtual ILoggerFactory LoggerFactory => NullLoggerFactory.Instance;

    /// <summary>Throws if the caller is not the orchestrator's own code on the orchestrator's own turn.</summary>
    protected abstract void EnsureInside();

    protected abstract Task<string?> ScheduleActivity(long step, string name, string? input, RetryPolicy? retry);

    protected abstract Task<string?> ScheduleSubOrchestrator(long step, string name, string instanceId, string? input);

    protected abstract Task ScheduleTimer(long step, DateTime fireAt, CancellationToken cancellationToken);

    protected abstract Task<string?> WaitForEvent(string name, CancellationToken cancellationToken);

    protected abstract void RecordSend(long step, string instanceId, string name, string? payload);

    protected abstract void RecordContinueAsNew(long step, string? input, bool preserveUnprocessedEvents);

    protected abstract void RecordCustomStatus(string? status);

    /// <summary>
    /// A recorded result is not of the type that the code asks for. An engine that can hold the instance takes note here, because the
    /// code may catch what is thrown next.
    /// </summary>
    protected virtual void MeetMismatch(PayloadMismatchException mismatch)
    {
    }

    private TResult Result<TResult>(string? json)
    {
        try
        {
            return payloads.Read<TResult>(json);
        }
        catch (PayloadMismatchException e)
        {
            MeetMismatch(e);
            throw;
        }
    }

    private string ChildId(long step) => Fitting(string.Create(CultureInfo.InvariantCulture, $"{InstanceId}:{step}"), step);

    private string Fitting(string id, long step) => id.Length <= InstanceIds.MaxLength ? id : StepKey.Of(InstanceId, step);

    private sealed class ReplaySafeLogger(OrchestrationContext context, ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => !context.IsReplaying && inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}

/// <summary>The instance that called a sub-orchestration.</summary>
public sealed record ParentInstance(string Name, string InstanceId);

using System.Runtime.ExceptionServices;
using Holdfast.Agents;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Functions;

/// <summary>
/// Opens the agents when the first call has brought a client of the engine: one opening for all who ask meanwhile. After one that failed,
/// whoever asks next begins another; the store is opened once.
/// </summary>
/// <param name="store">On its way, or there.</param>
/// <param name="open">Opens the agents over store and engine.</param>
/// <param name="end">Ends the process, saying why.</param>
/// <param name="longest">How long an activity waits: its function is to end before the Functions host ends the process for it.</param>
/// <param name="stopping">Cancelled when the process stops, which is no failure.</param>
internal sealed class AgentOpening(
    Task<AgentStore> store, Func<AgentStore, IOrchestrationClient, Task<AgentSystem>> open, Action<string, Exception> end, ILogger logger, TimeProvider time,
    TimeSpan longest, CancellationToken stopping) : IAsyncDisposable
{
    /// <summary>How long requests wait for an opening: about what a database takes that answers.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long a failed opening is answered for, before another is begun.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private Attempt? latest;
    private volatile AgentSystem? system;

    /// <summary>Null until they are open.</summary>
    public AgentSystem? Agents => system;

    /// <summary>Why nothing can be served now; null when it can.</summary>
    public string? NotReady => system is null ? "The host is starting." : store.Result.Away is null ? null : "The store does not answer.";

    /// <summary>Ends the process if there will be no store: an app without one would refuse everything for ever, and the platform starts another.</summary>
    public async Task WatchAsync()
    {
        try
        {
            await store;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            end("The app ends, because it has no store", e);
        }
    }

    /// <summary>Completes when the agents are open, or cannot be opened, or requests have waited for long enough.</summary>
    public Task TryAsync(IOrchestrationClient engine)
    {
        var attempt = Begin(engine);
        return Task.WhenAny(attempt.Failure, attempt.Patience);
    }

    /// <summary>Completes when the agents are open.</summary>
    /// <exception cref="TimeoutException">They were not, for as long as a function may wait.</exception>
    /// <exception cref="Exception">They cannot be opened now, which has been logged.</exception>
    public async Task<AgentSystem> OpenedAsync(IOrchestrationClient engine, CancellationToken cancellation)
    {
        Exception? failure;
        try
        {
            failure = await Begin(engine).Failure.WaitAsync(longest, time, cancellation);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"The store did not answer within {longest:c}, so that the agents could not be opened. Ask again.", e);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return system!;
    }

    public async ValueTask DisposeAsync()
    {
        await (system?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (store.IsCompletedSuccessfully)
        {
            (await store).Dispose();
        }
    }

    private Attempt Begin(IOrchestrationClient engine)
    {
        lock (gate)
        {
            return latest = latest is null or { Failure: { IsCompletedSuccessfully: true, Result: not null } }
                ? new Attempt(Task.Run(() => OpenAsync(engine), CancellationToken.None), Task.Delay(Patience, time, CancellationToken.None)) : latest;
        }
    }

    /// <returns>Why the agents are not open, which has been said; null when they are.</returns>
    private async Task<Exception?> OpenAsync(IOrchestrationClient engine)
    {
        try
        {
            var opened = await open(await store, engine);
            await opened.StartAsync(engine);
            _ = WatchAsync(opened);
            system = opened;
            return null;
        }
        catch (Exception e) when (stopping.IsCancellationRequested || !store.IsCompletedSuccessfully)
        {
            return e; // the store's own is said where it is watched
        }
        catch (Exception e) when (e is StoresApartException or StoreRefusedException or StartException)
        {
            end("The app ends, because it cannot serve this engine with this store", e);
            return e;
        }
        catch (Exception e)
        {
            logger.LogError(e, "The agents cannot be opened now: {Message} The next call tries again.", e.Message);
            await Task.Delay(Pause, time, CancellationToken.None);
            return e;
        }
    }

    private async Task WatchAsync(AgentSystem opened) => end("The process ends, because it cannot keep what it promises", await opened.Failed);

    /// <param name="Failure">Completes with null when the agents are open, or with why they cannot be opened.</param>
    /// <param name="Patience">Completes when requests wait no longer.</param>
    private sealed record Attempt(Task<Exception?> Failure, Task Patience);
}

using System.Runtime.ExceptionServices;
using Holdfast.Agents;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Http;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Functions;

/// <summary>
/// What the app's functions call. The engine is reached through a client that comes with a function's call and in no other way, so the
/// agents are opened by the first call that brings one; orchestrators, which may not wait, need none.
/// </summary>
public sealed class FunctionsRuntime : IAsyncDisposable
{
    /// <summary>How long requests wait for an opening: about what a database takes that answers.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long a failed opening is answered for, before another is begun.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly DurableRegistry registry;
    private readonly Task<AgentStore> store;
    private readonly Func<AgentStore, IOrchestrationClient, Task<AgentSystem>> open;
    private readonly Action<string, Exception> end;
    private readonly CancellationToken stopping;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly FunctionsClient engine;
    private readonly RequestDelegate api;
    private DurableTaskClient? client;
    private Opening? opening;
    private volatile AgentSystem? system;

    /// <param name="registry">What is registered beside the agents' own.</param>
    /// <param name="store">On its way, or there.</param>
    /// <param name="open">Opens the agents over store and engine.</param>
    /// <param name="end">Ends the process, saying why.</param>
    /// <param name="time">The clock of what requests wait.</param>
    internal FunctionsRuntime(
        DurableRegistry registry, Task<AgentStore> store, Func<AgentStore, IOrchestrationClient, Task<AgentSystem>> open, ApiOptions options,
        Action<string, Exception> end, ILoggerFactory loggers, TimeProvider time)
    {
        this.registry = registry;
        this.store = store;
        this.open = open;
        this.end = end;
        this.time = time;
        stopping = options.Stopping;
        logger = loggers.CreateLogger("Holdfast");
        engine = new FunctionsClient(() => client ?? throw new EngineUnavailableException("No function has been called that brings a client of the engine. Ask again."), registry.Payloads);
        AgentSystem.Register(registry, () => system ?? throw new InvalidOperationException("The agents are not open."));
        _ = WatchAsync(store);
        api = HoldfastApi.Create(() => system!, options with { NotReady = () => options.NotReady() ?? NotReady() }, loggers);
    }

    /// <summary>What the engine runs.</summary>
    internal DurableRegistry Registry => registry;

    /// <summary>Runs the orchestrator whose function was called.</summary>
    public Task<RawJson> OrchestrateAsync(TaskOrchestrationContext context) => FunctionsContext.RunAsync(registry, context);

    /// <summary>Runs the activity whose function was called.</summary>
    public async Task<RawJson> ActAsync(string name, ActivityEnvelope input, DurableTaskClient client, CancellationToken cancellation)
    {
        await OpenedAsync(client, cancellation);
        return await input.RunAsync(registry.Activities[name], cancellation);
    }

    /// <summary>Answers a request, whatever its path; while the agents are being opened, after 2 s at most.</summary>
    public async Task ServeAsync(HttpContext http, DurableTaskClient client)
    {
        // What comes of it is not looked at: the API itself says that it is not ready, to whoever needs more of it than that.
        var begun = Open(client);
        await Task.WhenAny(begun.Failure, begun.Patience);

        // The worker's own routing has matched its one route; the API's has to match anew.
        var (endpoint, values) = (http.GetEndpoint(), new RouteValueDictionary(http.Request.RouteValues));
        http.SetEndpoint(null);
        http.Request.RouteValues.Clear();
        try
        {
            await api(http);
        }
        finally
        {
            http.SetEndpoint(endpoint);
            http.Request.RouteValues = values;
        }
    }

    /// <summary>Relays what the engine has not been told, and looks for instances that failed: nothing else runs while nothing happens.</summary>
    public async Task SweepAsync(DurableTaskClient client)
    {
        await OpenedAsync(client, CancellationToken.None);
        await system!.SweepNowAsync();
        await system.WhenQuietAsync(); // the process may be stopped once no function runs
    }

    public async ValueTask DisposeAsync()
    {
        await (system?.DisposeAsync() ?? ValueTask.CompletedTask);
        if (store.IsCompletedSuccessfully)
        {
            (await store).Dispose();
        }
    }

    private string? NotReady() => system is null ? "The host is starting." : store.Result.Away is null ? null : "The store does not answer.";

    /// <summary>One opening for all who ask meanwhile; after one that failed, whoever asks next begins another.</summary>
    private Opening Open(DurableTaskClient given)
    {
        lock (gate)
        {
            client ??= given;
            return opening = opening is null or { Failure: { IsCompletedSuccessfully: true, Result: not null } }
                ? new Opening(Task.Run(OpenAsync), Task.Delay(Patience, time)) : opening;
        }
    }

    private async Task OpenedAsync(DurableTaskClient given, CancellationToken cancellation)
    {
        if (await Open(given).Failure.WaitAsync(cancellation) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <returns>Why the agents are not open, which has been said; null when they are.</returns>
    private async Task<Exception?> OpenAsync()
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
        catch (Exception e) when (e is StoresApartException or StoreRefusedException)
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

    // Nothing opens the store a second time, so an app without it would refuse everything for ever: the platform starts another.
    private async Task WatchAsync(Task<AgentStore> coming)
    {
        try
        {
            await coming;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            end("The app ends, because it has no store", e);
        }
    }

    private async Task WatchAsync(AgentSystem opened) => end("The process ends, because it cannot keep what it promises", await opened.Failed);

    /// <param name="Failure">Completes when the agents are open, with null, or cannot be opened.</param>
    /// <param name="Patience">Completes when requests wait no longer.</param>
    private sealed record Opening(Task<Exception?> Failure, Task Patience);
}

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
    private readonly DurableRegistry registry;
    private readonly Task<AgentStore> store;
    private readonly Func<AgentStore, IOrchestrationClient, Task<AgentSystem>> open;
    private readonly Action<string, Exception> end;
    private readonly ILogger logger;
    private readonly SemaphoreSlim opening = new(1, 1);
    private readonly FunctionsClient engine;
    private readonly RequestDelegate api;
    private DurableTaskClient? client;
    private AgentSystem? system;

    /// <param name="registry">What is registered beside the agents' own.</param>
    /// <param name="store">On its way, or there.</param>
    /// <param name="open">Opens the agents over store and engine.</param>
    /// <param name="end">Ends the process, saying why.</param>
    internal FunctionsRuntime(
        DurableRegistry registry, Task<AgentStore> store, Func<AgentStore, IOrchestrationClient, Task<AgentSystem>> open, ApiOptions options,
        Action<string, Exception> end, ILoggerFactory loggers)
    {
        this.registry = registry;
        this.store = store;
        this.open = open;
        this.end = end;
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
        await OpenAsync(client);
        return await input.RunAsync(registry.Activities[name], cancellation);
    }

    /// <summary>Answers a request, whatever its path.</summary>
    public async Task ServeAsync(HttpContext http, DurableTaskClient client)
    {
        try
        {
            await OpenAsync(client);
        }
        catch (Exception e)
        {
            // The API itself says that it is not ready, to whoever needs more of it than that.
            logger.LogError(e, "The agents cannot be opened now: {Message}", e.Message);
        }

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
        await OpenAsync(client);
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

        opening.Dispose();
    }

    private string? NotReady() => system is null ? "The host is starting." : store.Result.Away is null ? null : "The store does not answer.";

    private async Task OpenAsync(DurableTaskClient given)
    {
        client ??= given;
        if (system is not null)
        {
            return;
        }

        await opening.WaitAsync();
        try
        {
            if (system is null)
            {
                var opened = await open(await store, engine);
                await opened.StartAsync(engine);
                _ = WatchAsync(opened);
                system = opened;
            }
        }
        catch (Exception e) when (e is StoresApartException or StoreRefusedException)
        {
            end("The app ends, because it cannot serve this engine with this store", e); // anything else is tried again by the next call
            throw;
        }
        finally
        {
            opening.Release();
        }
    }

    private async Task WatchAsync(Task<AgentStore> opening)
    {
        try
        {
            await opening;
        }
        catch (StoreRefusedException e)
        {
            end("The app ends, because it has no store", e);
        }
    }

    private async Task WatchAsync(AgentSystem opened) => end("The process ends, because it cannot keep what it promises", await opened.Failed);
}

using Holdfast.Agents;
using Holdfast.Agents.Http;
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
    private readonly AgentOpening opening;
    private readonly FunctionsClient engine;
    private readonly RequestDelegate api;
    private DurableTaskClient? client;

    /// <param name="registry">What is registered beside the agents' own.</param>
    internal FunctionsRuntime(DurableRegistry registry, AgentOpening opening, ApiOptions options, ILoggerFactory loggers)
    {
        this.registry = registry;
        this.opening = opening;
        engine = new FunctionsClient(() => client ?? throw new EngineUnavailableException("No function has been called that brings a client of the engine. Ask again."), registry.Payloads);
        AgentSystem.Register(registry, () => opening.Agents ?? throw new InvalidOperationException("The agents are not open."));
        _ = opening.WatchAsync();
        api = HoldfastApi.Create(() => opening.Agents!, options with { NotReady = () => options.NotReady() ?? opening.NotReady }, loggers);
    }

    /// <summary>What the engine runs.</summary>
    internal DurableRegistry Registry => registry;

    /// <summary>Runs the orchestrator whose function was called.</summary>
    public Task<RawJson> OrchestrateAsync(TaskOrchestrationContext context) => FunctionsContext.RunAsync(registry, context);

    /// <summary>Runs the activity whose function was called.</summary>
    public async Task<RawJson> ActAsync(string name, ActivityEnvelope input, DurableTaskClient client, CancellationToken cancellation)
    {
        await opening.OpenedAsync(Engine(client), cancellation);
        return await input.RunAsync(registry.Activities[name], cancellation);
    }

    /// <summary>Answers a request, whatever its path; while the agents are being opened, after 2 s at most.</summary>
    public async Task ServeAsync(HttpContext http, DurableTaskClient client)
    {
        // What comes of it is not looked at: the API itself says that it is not ready, to whoever needs more of it than that.
        await opening.TryAsync(Engine(client));

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
        var system = await opening.OpenedAsync(Engine(client), CancellationToken.None);
        await system.SweepNowAsync();
        await system.WhenQuietAsync(); // the process may be stopped once no function runs
    }

    public ValueTask DisposeAsync() => opening.DisposeAsync();

    private FunctionsClient Engine(DurableTaskClient given)
    {
        client ??= given;
        return engine;
    }
}

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
    /// <summary>How long a stream of events stays open: less than the platform gives an answer, and far less than it gives a function, whose end takes the process with it.</summary>
    internal static readonly TimeSpan LongestStream = TimeSpan.FromSeconds(200);

    private readonly DurableRegistry registry;
    private readonly AgentOpening opening;
    private readonly FunctionsClient engine;
    private readonly RequestDelegate api;
    private readonly Func<string, string> redact;
    private DurableTaskClient? client;

    /// <param name="registry">What is registered beside the agents' own.</param>
    /// <param name="redact">Takes secrets out of what leaves a function as an exception: the Functions host logs it, and the task hub keeps it.</param>
    internal FunctionsRuntime(DurableRegistry registry, AgentOpening opening, ApiOptions options, Func<string, string> redact, ILoggerFactory loggers)
    {
        (this.registry, this.opening, this.redact) = (registry, opening, redact);
        engine = new FunctionsClient(() => client ?? throw new EngineUnavailableException("No function has been called that brings a client of the engine. Ask again."), registry.Payloads, loggers.CreateLogger("Holdfast.Engine"));
        AgentSystem.Register(registry, () => opening.Agents ?? throw new InvalidOperationException("The agents are not open."));
        _ = opening.WatchAsync();
        api = HoldfastApi.Create(() => opening.Agents!, options with { NotReady = () => options.NotReady() ?? opening.NotReady, LongestStream = LongestStream }, loggers);
    }

    /// <summary>What the engine runs.</summary>
    internal DurableRegistry Registry => registry;

    /// <summary>Runs the orchestrator whose function was called.</summary>
    public Task<RawJson> OrchestrateAsync(TaskOrchestrationContext context) => ShownAsync(() => FunctionsContext.RunAsync(registry, context));

    /// <summary>Runs the activity whose function was called.</summary>
    public Task<RawJson> ActAsync(string name, ActivityEnvelope input, DurableTaskClient client, CancellationToken cancellation) => ShownAsync(async () =>
    {
        await opening.OpenedAsync(Engine(client), cancellation);
        return await input.RunAsync(registry.Activities[name], cancellation);
    });

    /// <summary>Answers a request, whatever its path; while the agents are being opened, after 2 s at most.</summary>
    public Task ServeAsync(HttpContext http, DurableTaskClient client) => ShownAsync(async () =>
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

        return Nothing.Value;
    });

    /// <summary>Relays what the engine has not been told, and looks for instances that failed: nothing else runs while nothing happens.</summary>
    public Task SweepAsync(DurableTaskClient client) => ShownAsync(async () =>
    {
        var system = await opening.OpenedAsync(Engine(client), CancellationToken.None);
        await system.SweepNowAsync();
        await system.WhenQuietAsync(); // the process may be stopped once no function runs
        return Nothing.Value;
    });

    public ValueTask DisposeAsync() => opening.DisposeAsync();

    // Awaits nothing of its own: an orchestrator may not.
    private async Task<T> ShownAsync<T>(Func<Task<T>> function)
    {
        try
        {
            return await function();
        }
        catch (Exception e) when (RedactedFailureException.Of(e, redact) is var shown && shown != e)
        {
            throw shown;
        }
    }

    private FunctionsClient Engine(DurableTaskClient given)
    {
        client ??= given;
        return engine;
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Agents;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using RefundDesk;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>
/// Refund-desk as the function app runs it, over Durable Task's engine in memory and Kestrel in place of the Functions host: its runtime, its
/// functions' calls, its HTTP route.
/// </summary>
internal sealed class FunctionApp : IAsyncDisposable
{
    private readonly TaskHub hub;
    private readonly bool owns;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("holdfast-functions-");
    private readonly Shop shop;
    private readonly FunctionsRuntime runtime;
    private WebApplication server = null!;

    private FunctionApp(Func<string, Task<AgentStore>> open, AgentOptions options, TaskHub? hub)
    {
        (this.hub, owns) = (hub ?? new TaskHub(), hub is null);
        shop = Shop.Open(ShopFile, TimeProvider.System);
        var loggers = NullLoggerFactory.Instance;
        var tools = Toolbox.From(new ShopTools(shop));
        var models = new ModelCatalog().AddScripted(agent => new ScriptedModel(Script.Load(Path.GetDirectoryName(agent.Source!.File)!)));
        var agents = new AgentCatalog(AgentFolder.LoadAll(Path.Combine(AppContext.BaseDirectory, "agents")), tools, models);
        var opening = new AgentOpening(
            open(Path.Combine(folder.FullName, "agents.db")),
            (store, client) => AgentSystem.OpenAsync(
                store, new SharedEngine("hub_test", "the test's hub", client) { EngineData = "The hub", StoreData = "the store" }, agents, options with { SweepEvery = null }, loggers),
            (_, cause) => Ended = cause,
            NullLogger.Instance,
            TimeProvider.System,
            CancellationToken.None);
        var api = new ApiOptions { Identify = _ => ValueTask.FromResult<Principal?>(new("anna", "acme", Roles.All)) };
        runtime = new FunctionsRuntime(new DurableRegistry(StepJson.Default, ForeignPayloads.Limit), opening, api, loggers);
    }

    public string ShopFile => Path.Combine(folder.FullName, "shop.jsonl");

    public HttpClient Http { get; } = new();

    /// <summary>Why the process would have ended.</summary>
    public Exception? Ended { get; private set; }

    /// <param name="hub">One that outlives this process; otherwise it has one of its own.</param>
    public static async Task<FunctionApp> StartAsync(Func<string, Task<AgentStore>> open, AgentOptions? options = null, TaskHub? hub = null)
    {
        var app = new FunctionApp(open, options ?? new AgentOptions(), hub);
        await app.hub.ServeAsync(app.runtime);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        app.server = builder.Build();
        app.server.Map("/{*path}", http => app.runtime.ServeAsync(http, app.hub.Client)); // routed, as by the worker
        await app.server.StartAsync();
        app.Http.BaseAddress = new Uri(app.server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return app;
    }

    /// <summary>What the timer's function does.</summary>
    public Task SweepAsync() => runtime.SweepAsync(hub.Client);

    /// <summary>A run, once the app takes it: on a busy machine its store is not open yet when the first request comes.</summary>
    public async Task<JsonElement> StartRunAsync(string input)
    {
        var key = Guid.NewGuid().ToString();
        JsonElement run = default;
        await Patience.UntilAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { agent = "refund-desk", input }), Headers = { { "Idempotency-Key", key } } };
            using var answer = await Http.SendAsync(request);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                return false;
            }

            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            run = await answer.Content.ReadFromJsonAsync<JsonElement>();
            return true;
        });
        return run;
    }

    /// <summary>What an approval asks; null if the store does not answer now.</summary>
    public async Task<string?> KindAsync(string approval)
    {
        using var answer = await Http.GetAsync($"/api/approvals/{approval}");
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("kind").GetString() : null;
    }

    /// <summary>The run once it is in one of these statuses; real time, because the engine's is.</summary>
    public async Task<JsonElement> UntilAsync(string id, params string[] statuses)
    {
        for (var since = TimeProvider.System.GetTimestamp(); ;)
        {
            using var answer = await Http.GetAsync($"/api/runs/{id}");
            var run = await answer.Content.ReadFromJsonAsync<JsonElement>();
            if (answer.IsSuccessStatusCode && statuses.Contains(run.GetProperty("status").GetString()))
            {
                return run;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromMinutes(3), $"{id} is not {string.Join(" or ", statuses)} but {run.GetRawText()}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    public async Task<HttpStatusCode> DecideAsync(string approval, string decision)
    {
        using var answer = await Http.PostAsJsonAsync($"/api/approvals/{approval}/decision", new { decision });
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await server.DisposeAsync();
        await (owns ? hub.DisposeAsync() : ValueTask.CompletedTask);
        await runtime.DisposeAsync();
        shop.Dispose();
        folder.Delete(recursive: true);
    }
}

/// <summary>The app's task hub. Its processes come and go: what it has to run, the one that came last runs.</summary>
internal sealed class TaskHub : IAsyncDisposable
{
    private DurableTaskTestHost? engine;
    private FunctionsRuntime serving = null!;

    public DurableTaskClient Client => engine!.Client;

    public async Task ServeAsync(FunctionsRuntime runtime)
    {
        serving = runtime;
        engine ??= await FunctionsFixture.StartAsync(Add, NullLoggerFactory.Instance);
    }

    public ValueTask DisposeAsync() => engine?.DisposeAsync() ?? ValueTask.CompletedTask;

    private void Add(DurableTaskRegistry tasks)
    {
        foreach (var name in serving.Registry.Orchestrators.Keys)
        {
            tasks.AddOrchestratorFunc<InstanceEnvelope, RawJson>(name, (context, _) => serving.OrchestrateAsync(context));
        }

        foreach (var name in serving.Registry.Activities.Keys)
        {
            tasks.AddActivityFunc<ActivityEnvelope, RawJson>(name, (_, input) => serving.ActAsync(name, input, Client, CancellationToken.None));
        }
    }
}

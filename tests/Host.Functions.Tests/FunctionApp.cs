using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
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
    private int serving;

    private FunctionApp(
        Func<string, Task<AgentStore>> open, AgentOptions options, TaskHub? hub, Action<DurableRegistry>? add, Func<string, string>? redact, TimeProvider? time,
        People? people)
    {
        (this.hub, owns) = (hub ?? new TaskHub(), hub is null);
        shop = Shop.Open(ShopFile, TimeProvider.System);
        var loggers = NullLoggerFactory.Instance;
        var tools = Toolbox.From(new ShopTools(shop));
        var models = new ModelCatalog().AddScripted(agent => new ScriptedModel(Script.Load(Path.GetDirectoryName(agent.Source!.File)!)));
        var agents = new AgentCatalog(AgentFolder.LoadAll(Path.Combine(AppContext.BaseDirectory, "agents")), tools, models)
        {
            People = people ?? People.Nobody,
            Policies = people is null ? Policies.None : PolicyFolder.Load(Path.Combine(AppContext.BaseDirectory, "policies")),
        };
        var opening = new AgentOpening(
            open(Path.Combine(folder.FullName, "agents.db")),
            (store, client) => AgentSystem.OpenAsync(
                store, new SharedEngine("hub_test", "the test's hub", client) { EngineData = "The hub", StoreData = "the store" }, agents, options with { SweepEvery = null }, loggers),
            (_, cause) => Ended = cause,
            NullLogger.Instance,
            TimeProvider.System,
            Timeout.InfiniteTimeSpan,
            CancellationToken.None);
        var api = new ApiOptions { Identify = _ => ValueTask.FromResult<Principal?>(new("anna", "acme", Roles.All)), Time = time ?? TimeProvider.System };
        var registry = new DurableRegistry(JsonTypeInfoResolver.Combine(StepJson.Default, new DefaultJsonTypeInfoResolver()), ForeignPayloads.Limit);
        add?.Invoke(registry);
        Engine = new FunctionsClient(() => this.hub.Client, registry.Payloads, NullLogger.Instance);
        runtime = new FunctionsRuntime(registry, opening, api, redact ?? (static text => text), loggers);
    }

    public string ShopFile => Path.Combine(folder.FullName, "shop.jsonl");

    public HttpClient Http { get; } = new();

    /// <summary>The engine as a program's own code has it.</summary>
    public IOrchestrationClient Engine { get; }

    /// <summary>Requests whose function runs.</summary>
    public int Serving => Volatile.Read(ref serving);

    /// <summary>Why the process would have ended.</summary>
    public Exception? Ended { get; private set; }

    /// <param name="hub">One that outlives this process; otherwise it has one of its own.</param>
    /// <param name="add">Registers what is the program's own.</param>
    /// <param name="redact">Takes secrets out of a text.</param>
    /// <param name="time">The API's clock.</param>
    /// <param name="people">Who may be asked, by the example's policies, too; null for whoever may approve, by the agent's own rules.</param>
    public static async Task<FunctionApp> StartAsync(
        Func<string, Task<AgentStore>> open, AgentOptions? options = null, TaskHub? hub = null, Action<DurableRegistry>? add = null,
        Func<string, string>? redact = null, TimeProvider? time = null, People? people = null)
    {
        var app = new FunctionApp(open, options ?? new AgentOptions(), hub, add, redact, time, people);
        await app.hub.ServeAsync(app.runtime);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        app.server = builder.Build();
        app.server.Map("/{*path}", app.ServeAsync); // routed, as by the worker
        await app.server.StartAsync();
        app.Http.BaseAddress = new Uri(app.server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return app;
    }

    /// <summary>What the timer's function does.</summary>
    public Task SweepAsync() => new HostFunctions(runtime).SweepAsync(new TimerInfo(), hub.Client);

    /// <summary>Completes when the agents are open, which a request begins; on a busy machine that takes longer than a request waits.</summary>
    public Task UntilReadyAsync() => Patience.UntilAsync(async () =>
    {
        using var answer = await Http.GetAsync("/api/runs");
        return answer.IsSuccessStatusCode;
    });

    public async Task<JsonElement> StartRunAsync(string input)
    {
        await UntilReadyAsync();
        using var answer = await Http.PostAsJsonAsync("/api/runs", new { agent = "refund-desk", input });
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
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

    private async Task ServeAsync(HttpContext http)
    {
        Interlocked.Increment(ref serving);
        try
        {
            await new HostFunctions(runtime).ApiAsync(http.Request, hub.Client);
        }
        finally
        {
            Interlocked.Decrement(ref serving);
        }
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
            tasks.AddOrchestratorFunc<InstanceEnvelope, RawJson>(name, (context, _) =>
                Function<Func<TaskOrchestrationContext, Task<RawJson>>>(name) is { } function ? function(context) : serving.OrchestrateAsync(context));
        }

        foreach (var name in serving.Registry.Activities.Keys)
        {
            tasks.AddActivityFunc<ActivityEnvelope, RawJson>(name, (_, input) =>
                Function<Func<ActivityEnvelope, DurableTaskClient, CancellationToken, Task<RawJson>>>(name) is { } function
                    ? function(input, Client, CancellationToken.None) : serving.ActAsync(name, input, Client, CancellationToken.None));
        }
    }

    /// <summary>The agents' own function of a name, as the worker finds it; null for a name that is a program's own.</summary>
    private T? Function<T>(string name)
        where T : Delegate => typeof(AgentFunctions).GetMethods().SingleOrDefault(method => method.GetCustomAttribute<FunctionAttribute>()?.Name == name)
            ?.CreateDelegate<T>(new AgentFunctions(serving));
}

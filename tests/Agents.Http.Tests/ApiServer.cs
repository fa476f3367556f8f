using System.Net;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Http.Tests;

/// <summary>The API over real agents, the embedded engine and Kestrel, in a directory of its own.</summary>
public class ApiServer : IAsyncLifetime
{
    private readonly string data = Directory.CreateTempSubdirectory("holdfast-http-").FullName;
    private readonly CancellationTokenSource stopping = new();
    private WebApplication app = null!;
    private EmbeddedEngine engine = null!;
    private AgentStore store = null!;
    private AgentSystem system = null!;
    private Uri address = null!;

    public Desk Desk { get; } = new();

    /// <summary>Whom the host knows.</summary>
    public virtual People People => People.Nobody;

    public virtual AgentOptions Options => new();

    /// <summary>How a message looks as a mail; null where the host does not show it.</summary>
    public virtual Func<Message, (string Subject, string Text, string Html)>? MailOf => null;

    public Uri Address => address;

    public StoreClock Clock { get; } = new();

    /// <summary>Holds every answer of this server to openapi.json.</summary>
    public Contract Contract { get; } = Contract.Load();

    /// <summary>How many streams and waits a principal may have open: more than the tests of many have.</summary>
    public virtual int MostOpen => 10_000;

    public virtual TimeSpan LongestStream => Timeout.InfiniteTimeSpan;

    /// <summary>The API's own clock.</summary>
    public virtual TimeProvider Time => Clock;

    /// <summary>What whoever asks the store about a key would meet.</summary>
    public Exception? Away { get; set; }

    /// <summary>What whoever asks once more about who was let in would meet: the store has gone since.</summary>
    public Exception? AwaySince { get; set; }

    /// <summary>Why the host would not be ready.</summary>
    public string? NotReady { get; set; }

    /// <summary>Requests that have come and have not been answered.</summary>
    public InFlight InFlight { get; } = new();

    public AgentSystem System => system;

    public ApiKeys Keys => new(store);

    public IssuedLinks Issued => new(store);

    /// <summary>A person of the default tenant who may do everything.</summary>
    public ApiClient Anna { get; private set; } = null!;

    public ApiClient As(string id, string tenant = "acme", params string[] roles) =>
        new(address, this, ("X-Principal", $"{id}|{tenant}|{string.Join(',', roles.Length == 0 ? Roles.All : roles)}"));

    public ApiClient AsNobody() => new(address, this);

    /// <summary>Who sends this in Authorization, and nothing else that says who it is.</summary>
    public ApiClient Sending(string authorization) => new(address, this, ("Authorization", authorization));

    /// <summary>Who has a new key of this tenant with these roles.</summary>
    public async Task<ApiClient> WithKeyAsync(string tenant, params string[] roles) =>
        Sending($"Bearer {(await Keys.AddAsync(new NewApiKey($"key-{Guid.NewGuid()}", tenant, roles, TimeSpan.FromDays(1)))).Text}");

    public void Stop() => stopping.Cancel();

    /// <summary>Completes when the engine is idle and nothing is on its way to it: what has not happened by then does not happen by itself.</summary>
    public Task SettleAsync()
    {
        return SettledAsync().Patiently();

        async Task SettledAsync()
        {
            do
            {
                await engine.WhenIdleAsync();
                await system.WhenQuietAsync();
            }
            while (!system.WhenQuietAsync().IsCompleted || !engine.WhenIdleAsync().IsCompleted);
        }
    }

    public async ValueTask InitializeAsync()
    {
        ILoggerFactory loggers = NullLoggerFactory.Instance;
        var tools = Toolbox.From(Desk);
        var models = new ModelCatalog().AddScripted(agent => new ScriptedModel(Script.Load(Path.GetDirectoryName(agent.Source!.File)!)));
        var agents = new AgentCatalog(AgentFolder.LoadAll(Path.Combine(AppContext.BaseDirectory, "agents")), tools, models) { People = People };
        engine = EmbeddedEngine.Open(new EngineOptions { DataDirectory = data }, loggers);
        store = await (await StoreUnderTest.NewAsync()).OpenAsync(data, Clock);
        system = await AgentSystem.OpenAsync(
            store, new HeldEngine(engine.Identity.Id, engine.Identity.Epoch, data, engine.AdvanceEpochAsync), agents, Options, loggers);
        var registry = new DurableRegistry(StepJson.Default);
        system.Register(registry);
        await engine.StartAsync(registry);
        await system.StartAsync(engine.Client);

        var keys = Identification.Keys(() => store, new RateLimits { PerSecond = 10_000, Burst = 10_000, FailuresPerSecond = 10_000, FailureBurst = 10_000 }, Clock, loggers);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.Use(InFlight.CountAsync);
        app.Use(MeetAsync);
        app.Run(HoldfastApi.Create(system, new ApiOptions { Identify = http => (http.IsLetIn() ? Away ?? AwaySince : Away) is { } away ? throw away : !http.Items.ContainsKey(typeof(KeyProof)) && Named(http) is { } principal ? new(principal) : keys(http), NotReady = () => NotReady, Stopping = stopping.Token, MostOpen = MostOpen, LongestStream = LongestStream, Time = Time, MailOf = MailOf }, loggers));
        await app.StartAsync();
        address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Anna = As("anna");
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await app.DisposeAsync();
        await system.DisposeAsync();
        await engine.DisposeAsync();
        store.Dispose();
        stopping.Dispose();
        Directory.Delete(data, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Sees every request before it is answered, and its answer then.</summary>
    protected virtual Task MeetAsync(HttpContext http, RequestDelegate next) => next(http);

    private static Principal? Named(HttpContext http) => http.Request.Headers["X-Principal"].ToString().Split('|') is [var id, var tenant, var roles]
        ? new Principal(id, tenant, roles.Split(',')) : null;
}

/// <summary>One where a principal may have few streams and waits open.</summary>
public sealed class NarrowServer : ApiServer
{
    public override int MostOpen => 3;
}

/// <summary>One where no stream stays open for long.</summary>
public sealed class BriefServer : ApiServer
{
    public VirtualTime Passing { get; } = new();

    public override TimeSpan LongestStream => TimeSpan.FromSeconds(200);

    public override TimeProvider Time => Passing;
}

/// <summary>The store's clock: the system's, moved on by hand.</summary>
public sealed class StoreClock : TimeProvider
{
    private TimeSpan ahead;

    public void Advance(TimeSpan by) => ahead += by;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(ahead.TotalSeconds * TimestampFrequency);
}

/// <summary>Counts requests, and tells when as many are there as a test waits for.</summary>
public sealed class InFlight
{
    private readonly Lock gate = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> awaited = [];
    private int count;

    public Task ReachesAsync(int wanted)
    {
        lock (gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            awaited.Add((wanted, reached));
            Tell();
            return reached.Task.Patiently();
        }
    }

    public async Task CountAsync(HttpContext http, RequestDelegate next)
    {
        Add(1);
        try
        {
            await next(http);
        }
        finally
        {
            Add(-1);
        }
    }

    private void Add(int by)
    {
        lock (gate)
        {
            count += by;
            Tell();
        }
    }

    private void Tell()
    {
        foreach (var one in awaited.Where(one => one.Count == count).ToList())
        {
            awaited.Remove(one);
            one.Reached.SetResult();
        }
    }
}

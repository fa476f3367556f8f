using Holdfast.Agents.Approvals;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents;

/// <summary>
/// Everything that agents need around an engine. A host opens it over the store, registers its orchestrators and activities with the
/// engine, starts the engine, and then starts this.
/// </summary>
public sealed class AgentSystem : IAsyncDisposable
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestQuieting = TimeSpan.FromSeconds(20);

    private readonly AgentParts parts;
    private readonly Outbox outbox;
    private readonly Sweep sweep;
    private readonly CancellationTokenSource stopping = new();
    private IOrchestrationClient? client;
    private Task background = Task.CompletedTask;

    private AgentSystem(AgentParts parts)
    {
        this.parts = parts;
        outbox = new Outbox(parts, Engine);
        sweep = new Sweep(parts, Engine);
        Failed = Task.WhenAny(parts.Store.Failed, parts.Engine.Lost).Unwrap();
        parts.Store.Engine = parts.Engine.Id;
        parts.Store.Relay = outbox.Send;
        parts.Store.Watchers = Watch.Changed;
        Runs = new RunService(parts, Engine);
        Queries = new RunQueries(parts, Watch);
        Decisions = new Decisions(parts);
        Engines = new EngineRoster(parts);
        Channels = new ChannelRoster(parts);
        Links = LinkKeys is { } keys ? new LinkAccess(parts.Store, keys) : null;
    }

    public RunService Runs { get; }

    public RunQueries Queries { get; }

    public Decisions Decisions { get; }

    /// <summary>The way in by personal links; null where the host signs none.</summary>
    public LinkAccess? Links { get; }

    /// <summary>Signs links, forms and sessions; null where the host has no key for them.</summary>
    public LinkKeys? LinkKeys => parts.Options.LinkKeys;

    /// <summary>All engines of the store, not only the one that this process serves.</summary>
    public EngineRoster Engines { get; }

    /// <summary>By which people are told.</summary>
    public ChannelRoster Channels { get; }

    /// <summary>The agents that runs can be started of.</summary>
    public IReadOnlyList<string> Agents => parts.Agents.Names;

    public RunWatch Watch { get; } = new();

    /// <summary>Completes with the cause when the store has failed for good, or this process may not serve the engine any longer: it must end.</summary>
    public Task<Exception> Failed { get; }

    /// <summary>Takes the engine's row in the store, or joins those who share it, and puts the agents in force.</summary>
    /// <exception cref="StoresApartException">Engine and store do not belong together, or the engine is retired.</exception>
    public static async Task<AgentSystem> OpenAsync(
        AgentStore store, EngineDescription engine, AgentCatalog agents, AgentOptions options, ILoggerFactory loggers)
    {
        var hold = await EngineRegistration.TakeAsync(store, engine, options);
        await store.WriteAsync(async tx =>
        {
            await agents.PutInForceAsync(tx, hold.IsShared ? hold.Id : null);
            return true;
        });
        await Waits.CompleteAsync(store);
        return new AgentSystem(new AgentParts(store, agents, hold, options, loggers.CreateLogger("Holdfast.Agents")));
    }

    /// <summary>Adds what the engine runs for agents.</summary>
    public void Register(DurableRegistry registry) => Register(registry, () => this);

    /// <inheritdoc cref="Register(DurableRegistry)"/>
    /// <param name="system">Asked for at each activity: some engines are reached only after they know what they run.</param>
    public static void Register(DurableRegistry registry, Func<AgentSystem> system) => registry
        .AddOrchestrator(AgentRun.Name, () => new AgentRun())
        .AddOrchestrator(AskPerson.Name, () => new AskPerson())
        .AddOrchestrator(EngineMark.Name, () => new EngineMark())
        .AddOrchestrator(TellPerson.Name, () => new TellPerson())
        .AddActivity(SendMessage.Name, () => new SendMessage(system().parts))
        .AddActivity(AskModel.Name, () => new AskModel(system().parts))
        .AddActivity(RunTool.Name, () => new RunTool(system().parts))
        .AddActivity(SettleAsking.Name, () => new SettleAsking(system().parts))
        .AddActivity(CloseRun.Name, () => new CloseRun(system().parts));

    /// <summary>
    /// Begins to talk to the engine. Where this process alone serves it, first about what an earlier one left unsaid; of an engine that is
    /// shared, others may be saying it, so that is left to the sweep.
    /// </summary>
    public async Task StartAsync(IOrchestrationClient engine)
    {
        client = engine;
        if (!parts.Engine.IsShared)
        {
            await sweep.RunAsync(wholly: true);
            await outbox.SendOpenAsync(TimeSpan.Zero);
        }

        if (parts.Options.SweepEvery is { } every)
        {
            background = SweepAsync(every);
        }
    }

    /// <summary>
    /// Completes when what is on its way to the engine now, or is a late result that is being written, has come to its end; after 20 s in any case.
    /// What begins meanwhile is not waited for.
    /// </summary>
    public Task WhenQuietAsync() => parts.UnderWay.WhenOverAsync(LongestQuieting, TimeProvider.System);

    /// <summary>
    /// Says that the engine is served, and looks through its failures and the outbox now; from any number of processes at once. What it has
    /// to tell the engine is on its way when this returns: a process that may be stopped then waits for <see cref="WhenQuietAsync"/>.
    /// </summary>
    /// <exception cref="Exception">The store or the engine did not answer, or this process may not serve the engine any longer; the next sweep goes on.</exception>
    public async Task SweepNowAsync()
    {
        var search = sweep.RunAsync(wholly: false);
        await search.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!parts.Engine.Lost.IsCompleted)
        {
            await outbox.SendOpenAsync(parts.Options.WakeAgainAfter); // also where the search has failed: it may fail for as long as nobody mends its cause
        }

        await search;
    }

    public async ValueTask DisposeAsync()
    {
        if (!stopping.IsCancellationRequested)
        {
            await stopping.CancelAsync();
            await Task.WhenAny(background, Task.Delay(LongestStop, TimeProvider.System)); // a sweep may wait for a store that is away
        }
    }

    private IOrchestrationClient Engine() => client ?? throw new InvalidOperationException("The agents have not been started: call StartAsync first.");

    private async Task SweepAsync(TimeSpan every)
    {
        using var timer = new PeriodicTimer(every, parts.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                await SweepOnceAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task SweepOnceAsync()
    {
        try
        {
            await SweepNowAsync();
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Looked through again at the next tick; a store that has failed ends the process by itself.
            parts.Logger.LogError(e, "The sweep failed: {Message}", e.Message);
        }
    }
}

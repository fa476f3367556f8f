using System.Collections.Immutable;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Testing;

/// <summary>
/// A task hub that any number of processes of one app serve. The embedded engine stands for the hub: it hands each activity to one of the
/// processes in turn, and to another when that one is killed. Without a process it tries again later, as a hub does with what nobody takes.
/// </summary>
public sealed class HubHarness : IAsyncDisposable
{
    private readonly Deployment deployment;
    private readonly SharedStore shared;
    private readonly string name;
    private ImmutableList<AppProcess> processes = [];
    private string data = "";
    private int turn;

    private HubHarness(Deployment deployment, SharedStore shared, string name) => (this.deployment, this.shared, this.name) = (deployment, shared, name);

    public EmbeddedEngine Engine { get; private set; } = null!;

    /// <summary>A hub that no process serves yet.</summary>
    public static async Task<HubHarness> StartAsync(Deployment deployment, SharedStore shared, string name = "hub")
    {
        var hub = new HubHarness(deployment, shared, name);
        await hub.OpenAsync();
        return hub;
    }

    /// <summary>One more process, as scaling out starts it.</summary>
    /// <param name="store">Another store than the hub's own.</param>
    /// <param name="through">What stands between the process and the hub.</param>
    /// <param name="release">Another release than the hub's first.</param>
    public async Task<AppProcess> StartProcessAsync(
        Action<string>? crashPoint = null, SharedStore? store = null, Func<IOrchestrationClient, IOrchestrationClient>? through = null, Deployment? release = null)
    {
        var process = await AppProcess.StartAsync(name, through?.Invoke(Engine.Client) ?? Engine.Client, await (store ?? shared).OpenAsync(), release ?? deployment, shared.Time, crashPoint ?? (static _ => { }));
        ImmutableInterlocked.Update(ref processes, some => some.Add(process));
        return process;
    }

    /// <summary>Ends a process at once; what it was at is given to another.</summary>
    public Task KillAsync(AppProcess process)
    {
        ImmutableInterlocked.Update(ref processes, some => some.Remove(process));
        return process.KillAsync();
    }

    /// <summary>Puts an empty hub of the same name in place of this one.</summary>
    public async Task EmptyAsync()
    {
        await CloseAsync();
        await OpenAsync();
    }

    /// <summary>Completes when nothing is under way in the hub or on its way there.</summary>
    public Task SettleAsync()
    {
        return SettledAsync().Patiently();

        Task QuietAsync() => Task.WhenAll(processes.Select(process => process.System.WhenQuietAsync()));

        async Task SettledAsync()
        {
            do
            {
                await Engine.WhenIdleAsync();
                await QuietAsync();
            }
            while (!QuietAsync().IsCompleted || !Engine.WhenIdleAsync().IsCompleted);
        }
    }

    /// <summary>Moves the clock from timer to timer, and lets everything settle at each.</summary>
    public Task AdvanceAsync(TimeSpan by) => shared.Time.SkipAsync(by, SettleAsync);

    public async ValueTask DisposeAsync() => await CloseAsync();

    private async Task OpenAsync()
    {
        data = Directory.CreateTempSubdirectory("holdfast-hub-").FullName;
        Engine = EmbeddedEngine.Open(new EngineOptions
        {
            DataDirectory = data, Time = shared.Time, IdleAfter = TimeSpan.FromMinutes(10), ShutdownGrace = TimeSpan.Zero,
        }, NullLoggerFactory.Instance);
        var registry = new DurableRegistry(StepJson.Default);
        await Engine.StartAsync(registry
            .AddOrchestrator(AgentRun.Name, () => new AgentRun())
            .AddOrchestrator(AskPerson.Name, () => new AskPerson())
            .AddOrchestrator(EngineMark.Name, () => new EngineMark())
            .AddOrchestrator(TellPerson.Name, () => new TellPerson())
            .AddActivity(SendMessage.Name, () => new Handed<MessageStep, StepAnswer>(this, registry, SendMessage.Name))
            .AddActivity(AskModel.Name, () => new Handed<RunRef, StepAnswer>(this, registry, AskModel.Name))
            .AddActivity(RunTool.Name, () => new Handed<CallStep, StepAnswer>(this, registry, RunTool.Name))
            .AddActivity(SettleAsking.Name, () => new Handed<AskingStep, StepAnswer>(this, registry, SettleAsking.Name))
            .AddActivity(CloseRun.Name, () => new Handed<RunRef, Nothing>(this, registry, CloseRun.Name)));
    }

    private async Task CloseAsync()
    {
        foreach (var process in processes)
        {
            await KillAsync(process);
        }

        await Engine.AbandonAsync();
        Directory.Delete(data, recursive: true);
    }

    private AppProcess Next() => processes is { Count: > 0 } some ? some[(int)((uint)Interlocked.Increment(ref turn) % some.Count)]
        : throw new InvalidOperationException("No process serves the hub.");

    private sealed class Handed<TInput, TOutput>(HubHarness hub, DurableRegistry registry, string name) : IActivity<TInput, TOutput>
    {
        public async Task<TOutput> RunAsync(ActivityContext context, TInput input)
        {
            var json = registry.Payloads.Write(input, name);
            while (true)
            {
                var process = hub.Next();
                var work = process.Activities[name].Run(context, json);
                if (await Task.WhenAny(work, process.Killed) == work)
                {
                    return registry.Payloads.Read<TOutput>(await work);
                }
            }
        }
    }
}

/// <summary>A process of an app without a background loop: between requests nothing runs in it, and a timer has to call the sweep.</summary>
public sealed class AppProcess
{
    private readonly AgentStore store;
    private readonly TaskCompletionSource killed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AppProcess(AgentStore store, AgentSystem system)
    {
        this.store = store;
        System = system;
        var registry = new DurableRegistry(StepJson.Default);
        system.Register(registry);
        Activities = registry.Activities;
    }

    public AgentSystem System { get; }

    internal IReadOnlyDictionary<string, ActivityRegistration> Activities { get; }

    internal Task Killed => killed.Task;

    internal static async Task<AppProcess> StartAsync(
        string hub, IOrchestrationClient client, AgentStore store, Deployment deployment, TimeProvider time, Action<string> crashPoint)
    {
        try
        {
            var engine = new SharedEngine(hub, $"the scheduler's {hub}", client)
            {
                EngineData = $"Task hub '{hub}' (setting TASK_HUB)", StoreData = "database 'agents' (setting STORE)",
            };
            var options = deployment.Options with { Time = time, SweepEvery = null, CrashPoint = deployment.Options.CrashPoint + crashPoint };
            var system = await AgentSystem.OpenAsync(store, engine, deployment.Catalog(), options, NullLoggerFactory.Instance);
            await system.StartAsync(client);
            return new AppProcess(store, system);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    internal async Task KillAsync()
    {
        killed.TrySetResult();
        await System.DisposeAsync();
        store.Dispose();
    }
}

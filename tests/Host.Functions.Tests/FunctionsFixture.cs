using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Host.Functions.Tests;

/// <summary>
/// The adapter over Durable Task's own engine in memory and its own worker: what Durable Functions runs, but for the Functions host between the
/// two. It cannot be restarted, and its clock is the wall's.
/// </summary>
internal sealed class FunctionsFixture : EngineFixture
{
    private const string Probe = "holdfast-probe";

    private readonly LogBook log = new();
    private DurableTaskTestHost? host;
    private FunctionsClient? client;
    private long begun;

    // Events come once here, because nothing fails in memory; the service delivers them at least once.
    public override Capabilities Capabilities => Capabilities.UnknownInstance | Capabilities.EventsOnce | Capabilities.Control | Capabilities.Logs;

    public override IOrchestrationClient Client => client!;

    public override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public override IReadOnlyCollection<string> Logged => log.Lines;

    public override async Task StartAsync(DurableRegistry registry)
    {
        registry.Orchestrator<int, int>(Probe, (context, _) => context.CallActivityAsync<int>(Probe)).Activity<int, int>(Probe, (_, n) => n);
        host = await StartAsync(tasks => Add(tasks, registry), log);
        client = new FunctionsClient(() => host.Client, registry.Payloads, NullLogger.Instance);
    }

    /// <summary>Starts a host on a port that nobody has taken; it picks one by chance.</summary>
    public static async Task<DurableTaskTestHost> StartAsync(Action<DurableTaskRegistry> add, ILoggerFactory loggers)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await DurableTaskTestHost.StartAsync(add, new DurableTaskTestHostOptions { LoggerFactory = loggers });
            }
            catch (IOException) when (attempt < 10)
            {
            }
        }
    }

    /// <summary>What the app's functions do, without the Functions host.</summary>
    public static void Add(DurableTaskRegistry tasks, DurableRegistry registry, Action? begins = null)
    {
        foreach (var name in registry.Orchestrators.Keys)
        {
            tasks.AddOrchestratorFunc<InstanceEnvelope, RawJson>(name, (context, _) =>
            {
                begins?.Invoke();
                return FunctionsContext.RunAsync(registry, context);
            });
        }

        foreach (var activity in registry.Activities.Values)
        {
            tasks.AddActivityFunc<ActivityEnvelope, RawJson>(activity.Name, (_, envelope) =>
            {
                begins?.Invoke();
                return envelope.RunAsync(activity, CancellationToken.None);
            });
        }
    }

    /// <summary>
    /// The engine does not tell when it is idle. Work goes through one queue of instances and one of activities, so what was there before has
    /// begun when a probe has been through both; settled is when three probes in a row see nothing else begin.
    /// </summary>
    public override async Task SettleAsync()
    {
        for (var quiet = 0; quiet < 3;)
        {
            var before = Interlocked.Read(ref begun);
            var id = await Client.ScheduleNewOrchestrationInstanceAsync(Probe).Patiently();
            await Client.WaitForInstanceCompletionAsync(id).Patiently();
            await Client.PurgeInstanceAsync(id); // a scenario may list what there is
            const long OfTheProbe = 3; // its orchestrator twice, its activity once
            quiet = Interlocked.Read(ref begun) - before == OfTheProbe ? quiet + 1 : 0;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (host is not null)
        {
            await host.DisposeAsync();
        }
    }

    private void Add(DurableTaskRegistry tasks, DurableRegistry registry) => Add(tasks, registry, () => Interlocked.Increment(ref begun));
}

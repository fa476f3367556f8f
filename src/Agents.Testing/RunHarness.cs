using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Testing;

/// <summary>
/// A host for runs on the real engine and the real store, with a clock that only the test moves. Nothing sleeps: a test acts, lets
/// everything settle, and looks.
/// </summary>
public sealed class RunHarness : IAsyncDisposable
{
    public static readonly Principal Anna = new("anna", "acme", [Roles.Submit]);
    public static readonly Principal Boss = new("boss", "acme", [Roles.Approve]);

    private readonly SharedStore? shared;
    private Deployment deployment;
    private AgentStore? store;
    private Kill? kill;
    private bool isOpen;

    private RunHarness(Deployment deployment, string data, StoreUnderTest database, SharedStore? shared)
    {
        Database = database;
        this.deployment = deployment;
        this.shared = shared;
        Data = data;
        Time = shared?.Time ?? new VirtualTime();
    }

    /// <summary>Where engine.db stands, and agents.db where the store is a file of this harness alone; gone with the harness.</summary>
    public string Data { get; private set; }

    /// <summary>The database under the store.</summary>
    public StoreUnderTest Database { get; private set; }

    public VirtualTime Time { get; }

    public EmbeddedEngine Engine { get; private set; } = null!;

    public AgentSystem System { get; private set; } = null!;

    public RunQueries Queries => System.Queries;

    public static async Task<RunHarness> StartAsync(Deployment deployment) => await StartAsync(deployment, await StoreUnderTest.NewAsync());

    /// <param name="shared">The store and the clock, where other engines use them too.</param>
    public static Task<RunHarness> StartAsync(Deployment deployment, SharedStore shared) => StartAsync(deployment, shared.Database, shared);

    /// <param name="database">A store that others use too, each with a clock of its own.</param>
    public static Task<RunHarness> StartAsync(Deployment deployment, StoreUnderTest database) => StartAsync(deployment, database, null);

    private static async Task<RunHarness> StartAsync(Deployment deployment, StoreUnderTest database, SharedStore? shared)
    {
        var harness = new RunHarness(deployment, Directory.CreateTempSubdirectory("holdfast-").FullName, database, shared);
        try
        {
            await harness.OpenAsync();
            return harness;
        }
        catch
        {
            await harness.DisposeAsync();
            throw;
        }
    }

    public async Task<string> StartRunAsync(string input = "Do it.", Principal? by = null, string? key = null) =>
        (await System.Runs.StartAsync(by ?? Anna, new RunSubmission(Deployment.AgentName, input), key)).Id;

    /// <summary>Completes when the engine is idle and nothing is on its way to it.</summary>
    public Task SettleAsync()
    {
        return SettledAsync().Patiently();

        async Task SettledAsync()
        {
            do
            {
                await Engine.WhenIdleAsync();
                await System.WhenQuietAsync();
            }
            while (!System.WhenQuietAsync().IsCompleted || !Engine.WhenIdleAsync().IsCompleted);
        }
    }

    /// <summary>Starts a run and lets it go as far as it goes by itself.</summary>
    public async Task<string> RunAsync(string input = "Do it.")
    {
        var run = await StartRunAsync(input);
        await SettleAsync();
        return run;
    }

    /// <summary>Moves the clock from timer to timer, and lets everything settle at each.</summary>
    public Task AdvanceAsync(TimeSpan by) => Time.SkipAsync(by, SettleAsync);

    /// <summary>Ends everything as a killed process would, and starts it again over the same files.</summary>
    public async Task RestartAsync(Func<Deployment, Deployment>? change = null, StoreUnderTest? database = null)
    {
        await StopAbruptlyAsync();
        Database = database ?? Database;
        deployment = change?.Invoke(deployment) ?? deployment;
        await OpenAsync();
    }

    /// <summary>Stops as on a signal, with no grace for what runs, and starts again over the same files.</summary>
    public async Task RestartGracefullyAsync()
    {
        isOpen = false;
        await System.DisposeAsync();
        await Engine.DisposeAsync();
        store!.Dispose();
        await OpenAsync();
    }

    /// <summary>Ends everything as a killed process would.</summary>
    public async Task StopAbruptlyAsync()
    {
        if (!isOpen)
        {
            return;
        }

        isOpen = false;
        await System.DisposeAsync();
        await Engine.AbandonAsync();
        store!.Dispose();
        kill?.Release();
        kill = null;
    }

    /// <summary>Opens the files again, perhaps after they were changed.</summary>
    /// <param name="data">Another directory that stands in for the data directory from now on.</param>
    public Task ReopenAsync(string? data = null)
    {
        Data = data ?? Data;
        return OpenAsync();
    }

    /// <summary>Holds the process at the next passing of a crash point; completes when it is there, for the test to restart.</summary>
    public Task ReachAsync(string point)
    {
        kill = new Kill(point);
        return kill.Reached;
    }

    public Task<ApprovalView> DecideAsync(string approval, string decision, Principal? by = null, string? reason = null, string? result = null, string? arguments = null) =>
        System.Decisions.DecideAsync(by ?? Boss, approval, new Decision(decision, reason, Json(result), Json(arguments)));

    private static JsonElement? Json(string? text) => text is null ? null : JsonDocument.Parse(text).RootElement.Clone();

    public async Task<RunView> FindAsync(string run) => (await Queries.FindAsync(Anna, run))!;

    public async Task<ApprovalView> ApprovalAsync(string approval) => (await Queries.FindApprovalAsync(Anna, approval))!;

    /// <summary>The run's approvals and questions that wait for a decision.</summary>
    public async Task<IReadOnlyList<ApprovalView>> PendingAsync(string run)
    {
        List<ApprovalView> pending = [];
        foreach (var id in (await FindAsync(run)).Approvals)
        {
            if (await ApprovalAsync(id) is { Status: "pending" } open)
            {
                pending.Add(open);
            }
        }

        return pending;
    }

    public async Task<IReadOnlyList<string>> EventsAsync(string run) => [.. (await Queries.EventsAsync(Anna, run, 0))!.Items.Select(one => one.Type)];

    /// <summary>Runs SQL on the agent store, for what no query shows.</summary>
    public Task<T?> StoredAsync<T>(string sql) => store!.ReadAsync(tx => tx.FirstAsync<T>(sql));

    /// <summary>Changes the agent store behind everyone's back.</summary>
    public Task TamperAsync(string sql) => store!.WriteAsync(tx => tx.ExecuteAsync(sql));

    public async ValueTask DisposeAsync()
    {
        await StopAbruptlyAsync();
        Directory.Delete(Data, recursive: true);
    }

    private async Task OpenAsync()
    {
        Engine = EmbeddedEngine.Open(new EngineOptions
        {
            DataDirectory = Data, Time = Time, IdleAfter = TimeSpan.FromMinutes(10), ShutdownGrace = TimeSpan.Zero,
        }, NullLoggerFactory.Instance);
        try
        {
            store = shared is null ? await Database.OpenAsync(Data, Time) : await shared.OpenAsync();
            var identity = new HeldEngine(Engine.Identity.Id, Engine.Identity.Epoch, Data, Engine.AdvanceEpochAsync) { StoreData = store.Place };

            // The sweep is called by the tests that want it: rung by the clock it would stop every skip of three days 25,920 times.
            var options = deployment.Options with { Time = Time, SweepEvery = TimeSpan.FromDays(40), CrashPoint = deployment.Options.CrashPoint + (point => kill?.Pass(point)) };
            System = await AgentSystem.OpenAsync(store, identity, deployment.Catalog(), options, NullLoggerFactory.Instance);
        }
        catch
        {
            store?.Dispose();
            await Engine.AbandonAsync();
            throw;
        }

        var registry = new DurableRegistry(StepJson.Default);
        System.Register(registry);
        await Engine.StartAsync(registry);
        await System.StartAsync(Engine.Client);
        isOpen = true;
    }

    /// <summary>Stops whoever passes a point, as if the process had ended there.</summary>
    private sealed class Kill(string point)
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource dead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int passed;

        public Task Reached => reached.Task;

        public void Pass(string at)
        {
            if (at != point || Interlocked.Exchange(ref passed, 1) != 0)
            {
                return;
            }

            reached.SetResult();
            if (at is not (AgentCrashPoints.RunAccepted or AgentCrashPoints.WordStored))
            {
                dead.Task.Wait();
            }

            // The outbox speaks on the thread of whoever wrote: that one goes on, and the word stays unsaid.
            throw new InvalidOperationException($"The process was killed at {at}.");
        }

        public void Release() => dead.TrySetResult();
    }
}

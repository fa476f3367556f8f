using System.Diagnostics;
using Holdfast.Agents;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Benchmarks;

/// <summary>Lists and claims on a store of a million runs, a tenth of which wait for a person; on both databases.</summary>
internal static class StoreBench
{
    private const int Runs = 1_000_000;
    private const int Samples = 500;
    private static readonly Principal Reader = new("bench", StoreFilling.Tenant, Roles.All);

    public static async Task RunAsync()
    {
        await MeasureAsync("SQLite", false, data => Task.FromResult<IDialect>(SqliteDialect.Open(Path.Combine(data, "agents.db"), TimeProvider.System, NullLogger.Instance)));
        await using var server = await PostgresServer.StartAsync(durable: true);
        await MeasureAsync("PostgreSQL", true, async _ => await PostgresDialect.OpenAsync(new PostgresOptions(server.ConnectionString), NullLogger.Instance));
    }

    private static async Task MeasureAsync(string name, bool isPostgres, Func<string, Task<IDialect>> open)
    {
        var data = BenchHost.NewDirectory();
        await using var engine = EmbeddedEngine.Open(new EngineOptions { DataDirectory = data }, NullLoggerFactory.Instance);
        var store = new AgentStore(await open(data));
        await StoreFilling.FillAsync(store, Runs, isPostgres);
        await using var system = await AgentSystem.OpenAsync(
            store, new HeldEngine(engine.Identity.Id, engine.Identity.Epoch, data, engine.AdvanceEpochAsync) { StoreData = store.Place }, new AgentCatalog([], new Toolbox([]), new ModelCatalog()),
            new AgentOptions(), NullLoggerFactory.Instance);
        var registry = new DurableRegistry(StepJson.Default);
        system.Register(registry);
        await engine.StartAsync(registry);
        await system.StartAsync(engine.Client);

        var random = new Random(7);
        await TimeAsync($"{name}: runs, first page of 50", () => ListAsync(system, null, null, null));
        await TimeAsync($"{name}: runs, a page somewhere", () => ListAsync(system, null, null, Somewhere("run")));
        await TimeAsync($"{name}: runs that wait, a page somewhere", () => ListAsync(system, "waiting", null, Somewhere("run")));
        await TimeAsync($"{name}: runs of one order", () => ListAsync(system, null, new() { ["order"] = $"A-{random.Next(1, Runs)}" }, null));
        await TimeAsync($"{name}: runs of one shop in fifty, a page somewhere", () => ListAsync(system, null, new() { ["place"] = "shop-7" }, Somewhere("run")));
        await TimeAsync($"{name}: pending approvals, first page of 50", () => system.Queries.ListApprovalsAsync(Reader, "pending", null, null, 51));
        await TimeAsync($"{name}: pending approvals, a page somewhere", () => system.Queries.ListApprovalsAsync(Reader, "pending", null, Somewhere("apr"), 51));
        await TimeAsync($"{name}: one run", () => system.Queries.FindAsync(Reader, Somewhere("run")));
        await TimeAsync($"{name}: claim what is unheard, and heartbeat", system.SweepNowAsync);
        await system.DisposeAsync();
        await engine.DisposeAsync();
        store.Dispose();
        Directory.Delete(data, recursive: true);

        string Somewhere(string prefix) => $"{prefix}_{100000000000000000 + random.Next(1000, Runs)}";
    }

    private static Task ListAsync(AgentSystem system, string? status, Dictionary<string, string>? metadata, string? before) =>
        system.Queries.ListAsync(Reader, new RunFilter(status, null, metadata ?? [], before, 51));

    private static async Task TimeAsync(string what, Func<Task> act)
    {
        List<double> times = [];
        for (var i = 0; i < Samples; i++)
        {
            var clock = Stopwatch.StartNew();
            await act();
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        Figures.Print(what, times);
    }
}

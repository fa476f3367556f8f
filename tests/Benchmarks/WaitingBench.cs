using System.Runtime.CompilerServices;
using Holdfast.Agents;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Providers.Messaging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Benchmarks;

/// <summary>What a run costs while it waits for a person who was told: bytes in memory, and time to start with many of them.</summary>
internal static class WaitingBench
{
    private const int Waiting = 1000;

    public static async Task RunAsync()
    {
        var data = BenchHost.NewDirectory();
        await using (var host = await BenchHost.StartAsync(data))
        {
            Figures.Print("start to ready, empty", $"{host.Ready.TotalMilliseconds:F0} ms");
            await Parallel.ForAsync(0, Waiting, async (_, _) => await host.RunAsync("refund-desk", "Please refund order A-1002", wait: 0));
            await host.UntilNothingRunsAsync();
            await host.StopAsync();
        }

        List<double> ready = [], afterKill = [];
        for (var repeat = 0; repeat < 5; repeat++)
        {
            await using var first = await BenchHost.StartAsync(data);
            ready.Add(first.Ready.TotalMilliseconds);
            await first.KillAsync();
            await using var second = await BenchHost.StartAsync(data);
            afterKill.Add(second.Ready.TotalMilliseconds);
            await second.StopAsync();
        }

        Figures.Print($"start to ready with {Waiting} waiting, median of 5", $"{Figures.Median(ready):F0} ms");
        Figures.Print("the same after kill -9, median of 5", $"{Figures.Median(afterKill):F0} ms");
        Directory.Delete(data, recursive: true);
        await MemoryAsync();
    }

    /// <summary>In this process, so that the heap can be counted to the byte once everything that only waits has left it.</summary>
    private static async Task MemoryAsync()
    {
        var data = BenchHost.NewDirectory();
        await using var engine = EmbeddedEngine.Open(new EngineOptions { DataDirectory = data, IdleAfter = TimeSpan.FromMilliseconds(200) }, NullLoggerFactory.Instance);
        using var store = new AgentStore(SqliteDialect.Open(Path.Combine(data, "agents.db"), TimeProvider.System, NullLogger.Instance));
        var folder = Agents();
        var tools = new Toolbox([
            new Tool("lookup_order", "Looks up.", Schema("""{"type":"object","properties":{"orderId":{"type":"string"}},"additionalProperties":false}"""),
                (_, _, _) => Task.FromResult(Schema("""{"total":400,"state":"delivered"}"""))),
            new Tool("issue_refund", "Refunds.", Schema("""{"type":"object","properties":{"orderId":{"type":"string"},"amount":{"type":"number"}},"additionalProperties":false}"""),
                (_, _, _) => Task.FromResult(Schema("{}"))) { Effect = Effect.External, Idempotent = true },
            new Tool("send_reply", "Replies.", Schema("""{"type":"object","properties":{"text":{"type":"string"}},"additionalProperties":false}"""),
                (_, _, _) => Task.FromResult(Schema("{}"))) { Effect = Effect.External },
        ]);
        var agent = AgentFolder.Load(folder);
        var models = new ModelCatalog().AddScripted(_ => new ScriptedModel(Script.Load(folder)));
        await using var system = await AgentSystem.OpenAsync(
            store, new HeldEngine(engine.Identity.Id, engine.Identity.Epoch, data, engine.AdvanceEpochAsync),
            new AgentCatalog([agent], tools, models) { People = new([new Person("local", "mia", "Mia") { Roles = [Roles.Approve] }]) },
            new AgentOptions { Channels = [new ConsoleChannel(TextWriter.Null)], LinkKeys = LinkKeys.Read("the benchmark's", new('k', LinkKeys.Shortest), new SecretSource(null, _ => null)) },
            NullLoggerFactory.Instance);
        var registry = new DurableRegistry(StepJson.Default);
        system.Register(registry);
        await engine.StartAsync(registry);
        await system.StartAsync(engine.Client);

        await StartAsync(system, engine, 300); // what is built once is built now
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await StartAsync(system, engine, Waiting);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        Figures.Print($"managed memory for each of {Waiting} that wait and were told", $"{(after - before) / Waiting} bytes");
        await system.DisposeAsync();
        await engine.DisposeAsync();
        Directory.Delete(data, recursive: true);
    }

    private static async Task StartAsync(AgentSystem system, EmbeddedEngine engine, int runs)
    {
        var principal = new Principal("bench", "local", Roles.All);
        for (var i = 0; i < runs; i++)
        {
            await system.Runs.StartAsync(principal, new RunSubmission("refund-desk", "Please refund order A-1002"));
        }

        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System); // outside of what is measured
            await engine.WhenIdleAsync();
        }
        while (engine.ResidentInstances > 0);
    }

    private static System.Text.Json.JsonElement Schema(string json) => System.Text.Json.JsonDocument.Parse(json).RootElement.Clone();

    private static string Agents([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "examples", "refund-desk", "agents", "refund-desk");
}

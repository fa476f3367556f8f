using System.Diagnostics;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Testing;
using Holdfast.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Benchmarks;

/// <summary>The embedded engine by itself, in this process.</summary>
internal static class EngineBench
{
    public static async Task RunAsync()
    {
        await MeasureAsync("500 instances of 10 sequential steps, 50 in flight", SequentialAsync);
        await MeasureAsync("1,000 instances that wait for an event", WaitingAsync);
        await MeasureAsync("one instance of 5,000 steps", LongAsync);
        await MeasureAsync("a fan-out of 10,000", FanOutAsync);
    }

    private static async Task MeasureAsync(string what, Func<EmbeddedEngine, string, Task> measure)
    {
        var directory = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"holdfast-bench-{Guid.NewGuid():N}")).FullName;
        try
        {
            await using var engine = EmbeddedEngine.Open(
                new EngineOptions { DataDirectory = directory, IdleAfter = TimeSpan.FromSeconds(1) }, NullLoggerFactory.Instance);
            await engine.StartAsync(Code());
            await engine.Client.ScheduleNewOrchestrationInstanceAsync("steps", 50, new StartOrchestrationOptions("warm-up"));
            await engine.Client.WaitForInstanceCompletionAsync("warm-up");
            Console.WriteLine($"{what}:");
            await measure(engine, Path.Combine(directory, "engine.db"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static DurableRegistry Code() => TestRegistry.New()
        .Orchestrator<int, int>("steps", async (context, steps) =>
        {
            for (var n = 0; n < steps; n++)
            {
                await context.CallActivityAsync<int>("step", n);
            }

            return steps;
        })
        .Orchestrator<int, List<long>>("long", async (context, steps) =>
        {
            List<long> ticks = [];
            for (var n = 0; n < steps; n++)
            {
                ticks.Add(await context.CallActivityAsync<long>("clock"));
            }

            return ticks;
        })
        .Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go"))
        .Orchestrator<int, long>("sum", async (context, width) =>
            (await Task.WhenAll(Enumerable.Range(1, width).Select(n => context.CallActivityAsync<long>("same", n)))).Sum())
        .Activity<int, int>("step", (_, n) => n)
        .Activity<long, long>("same", (_, n) => n)
        .Activity<int, long>("clock", (_, _) => Stopwatch.GetTimestamp());

    private static async Task SequentialAsync(EmbeddedEngine engine, string database)
    {
        using var slots = new SemaphoreSlim(50);
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async n =>
        {
            await slots.WaitAsync();
            var id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("steps", 10);
            await engine.Client.WaitForInstanceCompletionAsync(id);
            slots.Release();
        }));
        Console.WriteLine($"  {5000 / Stopwatch.GetElapsedTime(began).TotalSeconds:F0} steps/s");
    }

    private static async Task WaitingAsync(EmbeddedEngine engine, string database)
    {
        var (bytesBefore, memoryBefore) = (Size(database), GC.GetTotalMemory(forceFullCollection: true));
        var ids = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => engine.Client.ScheduleNewOrchestrationInstanceAsync("wait", 0)));
        await engine.WhenIdleAsync();
        var resident = GC.GetTotalMemory(forceFullCollection: true);
        while (engine.ResidentInstances > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System); // outside of what is measured
        }

        Console.WriteLine($"  {(Size(database) - bytesBefore) / 1000.0:F0} bytes on disk each, "
            + $"{(resident - memoryBefore) / 1000.0:F0} bytes of memory each at first, {(GC.GetTotalMemory(forceFullCollection: true) - memoryBefore) / 1000.0:F0} once they have left it");
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(ids.Select(id => engine.Client.RaiseEventAsync(id, "go", 1)));
        await engine.WhenIdleAsync();
        Console.WriteLine($"  {1000 / Stopwatch.GetElapsedTime(began).TotalSeconds:F0} resumed and ended/s");

        // Pages in use: the file itself lags behind its log, and the log is written over.
        static long Size(string database)
        {
            using var connection = DatabaseFile.OpenReader(database);
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
            return (long)command.ExecuteScalar()!;
        }
    }

    private static async Task LongAsync(EmbeddedEngine engine, string database)
    {
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("long", 5000, new StartOrchestrationOptions("long"));
        var ended = await engine.Client.WaitForInstanceCompletionAsync("long", true);
        var ticks = System.Text.Json.JsonSerializer.Deserialize<List<long>>(ended.SerializedOutput!)!;
        Console.WriteLine($"  {Each(0):F2} ms/step for steps 1 to 100, {Each(4900):F2} ms/step for steps 4,901 to 5,000");

        double Each(int from) => Stopwatch.GetElapsedTime(ticks[from], ticks[from + 99]).TotalMilliseconds / 99;
    }

    private static async Task FanOutAsync(EmbeddedEngine engine, string database)
    {
        var began = Stopwatch.GetTimestamp();
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("sum", 10_000, new StartOrchestrationOptions("sum"));
        await engine.Client.WaitForInstanceCompletionAsync("sum");
        Console.WriteLine($"  joined in {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0} ms");
    }
}

using System.Diagnostics;
using Holdfast.Agents.Testing;

namespace Holdfast.Benchmarks;

/// <summary>One-turn runs over HTTP, each with Prefer: wait, against a host in another process.</summary>
internal static class HttpBench
{
    private const int Clients = 50;

    public static async Task RunAsync()
    {
        await RunAsync("SQLite", null);
        await using var server = await PostgresServer.StartAsync(durable: true);
        await RunAsync("PostgreSQL", server.ConnectionString);
    }

    private static async Task RunAsync(string name, string? store)
    {
        var data = BenchHost.NewDirectory();
        await using var host = await BenchHost.StartAsync(data, store);
        for (var i = 0; i < 500; i++)
        {
            await host.RunAsync("refund-desk", "hello", wait: 10);
        }

        List<double> medians = [], rates = [];
        for (var repeat = 0; repeat < 5; repeat++)
        {
            medians.Add(await SequentialAsync(host, 400));
            rates.Add(await ParallelAsync(host, 2000));
        }

        Figures.Print($"{name}: hello, sequential, p50 (median of 5 x 400)", $"{Figures.Median(medians):F2} ms");
        Figures.Print($"{name}: hello, {Clients} clients (median of 5 x 2000)", $"{Figures.Median(rates):F0} runs/s");
        await host.StopAsync();
        Directory.Delete(data, recursive: true);
    }

    private static async Task<double> SequentialAsync(BenchHost host, int runs)
    {
        List<double> times = [];
        for (var i = 0; i < runs; i++)
        {
            var clock = Stopwatch.StartNew();
            await host.RunAsync("refund-desk", "hello", wait: 10);
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        return Figures.Median(times);
    }

    private static async Task<double> ParallelAsync(BenchHost host, int runs)
    {
        var left = runs;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await host.RunAsync("refund-desk", "hello", wait: 10);
            }
        }));
        return runs / clock.Elapsed.TotalSeconds;
    }
}

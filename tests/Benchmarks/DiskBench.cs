using System.Globalization;
using Holdfast.Agents.Testing;
using Npgsql;

namespace Holdfast.Benchmarks;

/// <summary>What a run leaves on the disk: in the agent store, and in the embedded engine's own file. After an orderly stop; PostgreSQL as it stands, without a vacuum.</summary>
internal static class DiskBench
{
    private const int Runs = 1000;

    public static async Task RunAsync()
    {
        await RunAsync("SQLite", null, data => Task.FromResult(new FileInfo(Path.Combine(data, "agents.db")).Length));
        await using var server = await PostgresServer.StartAsync(durable: true);
        await RunAsync("PostgreSQL", server.ConnectionString, _ => SizeAsync(server.ConnectionString));
    }

    private static async Task RunAsync(string name, string? store, Func<string, Task<long>> size)
    {
        var data = BenchHost.NewDirectory();
        var empty = await AfterAsync(_ => Task.CompletedTask);
        var ended = await AfterAsync(host => Parallel.ForAsync(0, Runs, async (_, _) => await host.RunAsync("refund-desk", "hello", wait: 10)));
        var waiting = await AfterAsync(async host =>
        {
            await Parallel.ForAsync(0, Runs, async (_, _) => await host.RunAsync("refund-desk", "Please refund order A-1002", wait: 0));
            await host.UntilNothingRunsAsync();
        });
        var refunded = await AfterAsync(async host =>
        {
            await host.ApproveAllAsync();
            await host.UntilNothingRunsAsync();
        });
        Print("a run of one plain answer", empty, ended);
        Print("a waiting approval", ended, waiting);
        Print("the same once refunded and ended", ended, refunded);
        Directory.Delete(data, recursive: true);

        async Task<(long Store, long Engine)> AfterAsync(Func<BenchHost, Task> work)
        {
            await using var host = await BenchHost.StartAsync(data, store);
            await work(host);
            await host.StopAsync();
            return (await size(data), new FileInfo(Path.Combine(data, "engine.db")).Length);
        }

        void Print(string what, (long Store, long Engine) before, (long Store, long Engine) after) => Figures.Print($"{name}: {what}, each of {Runs}", string.Create(
            CultureInfo.InvariantCulture, $"{(after.Store - before.Store) / Runs} bytes in the store, {(after.Engine - before.Engine) / Runs} in engine.db"));
    }

    internal static async Task<long> SizeAsync(string store)
    {
        await using var connection = new NpgsqlConnection(store + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}

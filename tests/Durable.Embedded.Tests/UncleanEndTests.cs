using Holdfast.Durable.Testing;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class UncleanEndTests
{
    [Fact]
    public async Task WorkInFlightIsCountedOnceThoughTheStartThatCountsItFailsMidway()
    {
        await using var engine = EmbeddedFixture.New();
        var code = TestRegistry.New().Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go"));
        await engine.StartAsync(code);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("wait");
        await engine.SettleAsync();
        await engine.StopAsync();
        LeaveInFlight(engine, (1, 0), (1, 7));
        Run(engine, "CREATE TRIGGER midway BEFORE INSERT ON attempts WHEN NEW.step = 7 BEGIN SELECT RAISE(ABORT, 'midway'); END");
        await Assert.ThrowsAsync<SqliteException>(() => engine.StartAsync(code));
        Assert.Equal(0L, Run(engine, "SELECT COUNT(*) FROM attempts"));
        await engine.Running!.AbandonAsync();
        Run(engine, "DROP TRIGGER midway");
        await engine.StartAsync(code);
        Assert.Equal("0:1 7:1", Run(engine, "SELECT GROUP_CONCAT(step || ':' || count, ' ') FROM (SELECT * FROM attempts WHERE instance = 1 ORDER BY step)"));
    }

    private static void LeaveInFlight(EmbeddedFixture engine, params (long Key, long Step)[] entries)
    {
        using var file = new BinaryWriter(File.OpenWrite(Path.Combine(engine.Directory, "in-flight")));
        foreach (var (key, step) in entries)
        {
            file.Write(key);
            file.Write(step);
        }
    }

    private static object? Run(EmbeddedFixture engine, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={engine.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}

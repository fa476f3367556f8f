using Holdfast.Durable.Testing;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class DataDirectoryTests
{
    [Fact]
    public async Task ASecondEngineOnTheDirectoryIsToldWhoOwnsIt()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New());
        var refused = Assert.Throws<DataDirectoryOwnedException>(engine.Open);
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(engine.Directory, refused.Message, StringComparison.Ordinal);
        await engine.StopAsync();
        await engine.StartAsync(TestRegistry.New());
    }

    [Fact]
    public async Task ADirectoryWithoutRoomForItsOwnersNameIsNotCalledAnothersAndIsFreeAfterwards()
    {
        await using var engine = EmbeddedFixture.New();
        var owner = Path.Combine(engine.Directory, "owner");
        File.CreateSymbolicLink(owner, "/dev/full");
        for (var tries = 0; tries < 2; tries++)
        {
            var refused = Assert.Throws<DatabaseException>(engine.Open);
            Assert.Contains("cannot be written", refused.Message, StringComparison.Ordinal);
        }

        File.Delete(owner);
        await engine.StartAsync(TestRegistry.New());
    }

    [Fact]
    public async Task AnEngineThatCannotMarkItsWorkClosesItsDatabaseAndFreesTheDirectory()
    {
        await using var engine = EmbeddedFixture.New();
        var marks = Path.Combine(engine.Directory, "in-flight");
        Directory.CreateDirectory(marks);
        Assert.Throws<UnauthorizedAccessException>(engine.Open);
        Assert.False(File.Exists(engine.Database + "-wal"), "the last connection to close takes the log with it");
        Directory.Delete(marks);
        await engine.StartAsync(TestRegistry.New());
    }

    [Fact]
    public async Task ATruncatedDatabaseIsNamedAndLeftUntouched() => await IsRefused<DamagedDatabaseException>(
        path => Write(path, File.ReadAllBytes(path)[..(int)(new FileInfo(path).Length / 2)]), "is damaged");

    [Fact]
    public async Task ADatabaseCutWithinItsFirstPageIsNamedAndLeftUntouched() => await IsRefused<DamagedDatabaseException>(
        path => Write(path, File.ReadAllBytes(path)[..100]), "is damaged");

    [Fact]
    public async Task GarbageIsNamedAndLeftUntouched() => await IsRefused<DamagedDatabaseException>(
        path => Write(path, [.. Enumerable.Repeat((byte)'x', 50_000)]), "does not begin like a SQLite file");

    [Fact]
    public async Task AnOverwrittenPageIsNamedAndLeftUntouched() => await IsRefused<DamagedDatabaseException>(
        path =>
        {
            var bytes = File.ReadAllBytes(path);
            bytes.AsSpan(8192, 4096).Fill(0xA5);
            Write(path, bytes);
        },
        "is damaged");

    [Fact]
    public async Task AReadOnlyDatabaseIsNamedAndLeftUntouched() => await IsRefused<DatabaseException>(
        path => File.SetAttributes(path, FileAttributes.ReadOnly), "is read-only");

    [Fact]
    public async Task ANewerSchemaIsNamedAndLeftUntouched() => await IsRefused<NewerSchemaException>(
        path => Sql(path, "PRAGMA user_version = 99"), "schema version 99");

    [Fact]
    public async Task AnotherProgramsDatabaseIsNamedAndLeftUntouched() => await IsRefused<DatabaseException>(
        path =>
        {
            File.Delete(path);
            Sql(path, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
        },
        "does not belong to the Holdfast engine");

    [Fact]
    public async Task AStopLeavesOneFileThatHoldsEverything()
    {
        await using var engine = EmbeddedFixture.New();
        await Fill(engine);
        Assert.False(File.Exists(engine.Database + "-wal"));
        await engine.StartAsync(Code());
        Assert.Equal("\"kept\"", (await engine.Client.GetInstanceAsync("kept", true))!.SerializedOutput);
    }

    [Fact]
    public async Task TheEngineIsKnownByAnIdForLifeAndCountsItsStarts()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Code());
        var first = engine.Running!.Identity;
        await engine.Running.AdvanceEpochAsync();
        await engine.RestartAsync();
        Assert.Equal(first with { Epoch = first.Epoch + 1 }, engine.Running.Identity);
    }

    private static async Task IsRefused<TException>(Action<string> spoil, string told)
        where TException : DatabaseException
    {
        await using var engine = EmbeddedFixture.New();
        await Fill(engine);
        spoil(engine.Database);
        var before = File.ReadAllBytes(engine.Database);
        var refused = Assert.Throws<TException>(engine.Open);
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.Contains(engine.Database, refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(engine.Database));

        // Refused, not taken: the directory is free for whoever mends it.
        Assert.Throws<TException>(engine.Open);
    }

    private static async Task Fill(EmbeddedFixture engine)
    {
        await engine.StartAsync(Code());
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("echo", "kept", new StartOrchestrationOptions("kept"));
        for (var n = 0; n < 20; n++)
        {
            await engine.Client.ScheduleNewOrchestrationInstanceAsync("echo", new string('x', 5000));
        }

        await engine.SettleAsync();
        await engine.StopAsync();
    }

    private static DurableRegistry Code() => TestRegistry.New().Orchestrator<string, string>("echo", (_, input) => Task.FromResult(input));

    private static void Write(string path, byte[] bytes) => File.WriteAllBytes(path, bytes);

    private static void Sql(string path, string sql)
    {
        SystemSqlite.EnsureLoaded();
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

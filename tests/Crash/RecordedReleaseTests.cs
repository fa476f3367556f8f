using System.Globalization;
using System.Runtime.CompilerServices;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Crash;

/// <summary>
/// Data directories that releases have left behind, each with a refund that waits for a person: this release takes them up and finishes.
/// A release adds its own and never changes an older one.
/// </summary>
public sealed class RecordedReleaseTests
{
    public static TheoryData<string> Releases => [.. Directory.GetDirectories(Recorded()).Select(folder => Path.GetFileName(folder))];

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task ARunThatARecordedReleaseLeftWaitingGoesOn(string release)
    {
        using var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        await using var host = new HostProcess();
        foreach (var file in Directory.GetFiles(Path.Combine(Recorded(), release)))
        {
            File.Copy(file, Path.Combine(host.DataDirectory, Path.GetFileName(file)));
        }

        // A data directory belongs to its place; the recorded one is moved on purpose. And nobody runs this within three days of its
        // recording: there is a year more to decide, though the engine's timer has been due for long.
        var inAYear = TimeProvider.System.GetUtcNow().AddYears(1).UtcTicks;
        Change(host.DataDirectory, "agents.db", $"UPDATE engines SET location = '{host.DataDirectory}'");
        Change(host.DataDirectory, "agents.db", string.Create(CultureInfo.InvariantCulture, $"UPDATE approvals SET expires_at = {inAYear}"));
        Change(host.DataDirectory, "engine.db", "UPDATE timers SET due = 1");
        var waiting = OnlyRun(host.DataDirectory);
        await host.StartAsync();

        var shop = new ShopFile(host.DataDirectory);
        const string Input = "Please refund order A-1002, it arrived broken.";
        var run = await new Person(host, shop).SeeThroughAsync("refund-desk", Input, "recorded", giveUp.Token);

        // Not another one, begun afresh because the key was forgotten.
        Assert.Equal(waiting, run.GetProperty("id").GetString());
        RandomKillTests.JudgeRun(shop, Input, run);
    }

    private static string OnlyRun(string dataDirectory)
    {
        using var connection = DatabaseFile.OpenReader(Path.Combine(dataDirectory, "agents.db"));
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM runs";
        using var reader = command.ExecuteReader();
        Assert.True(reader.Read());
        var id = reader.GetString(0);
        Assert.False(reader.Read());
        return id;
    }

    private static void Change(string dataDirectory, string file, string sql)
    {
        SystemSqlite.EnsureLoaded();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(dataDirectory, file)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string Recorded([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Recorded");
}

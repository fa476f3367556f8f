using System.Collections.Concurrent;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Npgsql;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>A database that is lost in the middle of a start is waited for, as one that is away before it.</summary>
public sealed class LostWhileStartingTests
{
    // More than a client's read would be tried.
    private const int Losses = 12;

    // Which the heartbeat, a write, takes first.
    private const string Share = "SELECT run, id, generation FROM runs WHERE engine = @Id";

    private static readonly string[] Statements =
        [Share, "SELECT e.id FROM engines e WHERE e.retired_at IS NOT NULL", "SELECT run, id FROM runs WHERE engine = @id", "SELECT * FROM runs WHERE id = @id"];

    [PostgresFact]
    public async Task WhatTheFirstSweepReadsIsReadAgain()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."), FakeReply.Says("Done."))));
        await desk.TamperAsync("INSERT INTO engines (id, location, epoch, holder, heartbeat, retired_at, retired_by) VALUES ('gone', 'nowhere', 1, '', 0, 1, 'root')");
        var lost = await desk.RunAsync();
        var dead = await desk.RunAsync();
        await desk.TamperAsync($"UPDATE runs SET ended_at = NULL, outcome = NULL, ending = NULL, status = 'running', engine = CASE id WHEN '{lost}' THEN 'gone' ELSE engine END");
        var seen = new ConcurrentDictionary<string, int>();
        await desk.RestartAsync(database: desk.Database.SeenBy((sql, _) =>
        {
            if (Statements.FirstOrDefault(one => sql.StartsWith(one, StringComparison.Ordinal)) is not { } statement)
            {
                return;
            }

            var passes = statement == Share ? 1 : 0;
            var times = seen.AddOrUpdate(statement, 1, (_, before) => before + 1);
            if (times > passes && times <= passes + Losses)
            {
                throw new NpgsqlException("The connection was lost.");
            }
        })).Patiently();

        Assert.All(Statements, statement => Assert.True(seen[statement] > Losses, $"It was read {seen[statement]} times: {statement}"));
        Assert.NotNull((await desk.FindAsync(lost)).Outcome);
        Assert.Equal("paused", (await desk.FindAsync(dead)).Status);
    }
}

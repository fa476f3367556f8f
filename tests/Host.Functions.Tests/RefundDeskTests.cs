using System.Net;
using System.Text.Json;
using Holdfast.Agents;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>The example from the first request to the last word, judged by the shop's own file.</summary>
public sealed class RefundDeskTests
{
    public enum Database
    {
        Sqlite,
        Postgres,
    }

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task ARefundWaitsForItsApprovalAndIsMadeOnce(Database database)
    {
        await using var app = await FunctionApp.StartAsync(On(database));
        var id = Text(await app.StartRunAsync("Please refund order A-1002, it arrived broken."), "id");
        var waiting = await app.UntilAsync(id, "waiting");
        Assert.Empty(Rows(app, "SELECT run_id FROM refunds"));
        var approval = waiting.GetProperty("approvals")[0].GetString()!;
        Assert.Equal(HttpStatusCode.OK, await app.DecideAsync(approval, "approve"));
        var ended = await app.UntilAsync(id, "ended");
        Assert.Equal("completed", Text(ended.GetProperty("outcome"), "kind"));
        Assert.Equal([$"{id} A-1002 400.00"], Rows(app, "SELECT run_id || ' ' || order_id || ' ' || amount FROM refunds"));
        Assert.Equal([id], Rows(app, "SELECT run_id FROM replies"));
        Assert.Null(app.Ended);
    }

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task ARejectedRefundIsNeverMade(Database database)
    {
        await using var app = await FunctionApp.StartAsync(On(database));
        var id = Text(await app.StartRunAsync("Please refund order A-1002, it arrived broken."), "id");
        var waiting = await app.UntilAsync(id, "waiting");
        Assert.Equal(HttpStatusCode.OK, await app.DecideAsync(waiting.GetProperty("approvals")[0].GetString()!, "reject"));
        await app.UntilAsync(id, "ended");
        Assert.Empty(Rows(app, "SELECT run_id FROM refunds"));
    }

    [Fact]
    public async Task WhatAProcessCommittedAndDidNotLiveToTellIsToldByTheTimer()
    {
        var dead = true;
        var options = new AgentOptions
        {
            WakeAgainAfter = TimeSpan.Zero,
            CrashPoint = point =>
            {
                if (point == AgentCrashPoints.RunAccepted && dead)
                {
                    throw new InvalidOperationException("The process ends here.");
                }
            },
        };
        await using var app = await FunctionApp.StartAsync(On(Database.Sqlite), options);
        var id = Text(await app.StartRunAsync("Please refund order A-1002, it arrived broken."), "id");
        Assert.Equal("queued", Text(await app.UntilAsync(id, "queued"), "status"));
        dead = false;
        await app.SweepAsync();
        await app.UntilAsync(id, "waiting");
    }

    [Fact]
    public async Task ADatabaseThatIsKilledAgainAndAgainLosesAndDoublesNothing()
    {
        await using var server = await PostgresServer.StartAsync(durable: true);
        await using var app = await FunctionApp.StartAsync(_ => OpenAsync(server.ConnectionTo("public")));
        var small = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => app.StartRunAsync("Please refund order A-1001, it arrived broken.")));
        var large = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => app.StartRunAsync("Please refund order A-1002, it arrived broken.")));
        for (var kill = 0; kill < 5; kill++)
        {
            await server.KillAsync();
            await server.StartServerAsync();
            await app.UntilAsync(Text(large[kill], "id"), "waiting");
            await DecideAsync(app, Text(large[kill], "id"));
        }

        await app.SweepAsync();
        foreach (var run in small.Concat(large))
        {
            Assert.Equal("completed", Text((await app.UntilAsync(Text(run, "id"), "ended")).GetProperty("outcome"), "kind"));
        }

        Assert.Equal(small.Concat(large).Select(run => Text(run, "id")).Order(), Rows(app, "SELECT run_id FROM refunds ORDER BY run_id"));
        Assert.Equal(15, Rows(app, "SELECT DISTINCT run_id FROM replies").Count);
        Assert.Null(app.Ended);
    }

    // The decision may meet the database at its kill: it is made again, until it is answered.
    private static async Task DecideAsync(FunctionApp app, string run)
    {
        var approval = (await app.UntilAsync(run, "waiting")).GetProperty("approvals")[0].GetString()!;
        while (await app.DecideAsync(approval, "approve") is HttpStatusCode.ServiceUnavailable)
        {
        }
    }

    private static Func<string, Task<AgentStore>> On(Database database) => database == Database.Sqlite
        ? file => Task.FromResult(new AgentStore(SqliteDialect.Open(file, TimeProvider.System, NullLogger.Instance)))
        : async _ =>
        {
            var server = await PostgresServer.SharedAsync();
            return await OpenAsync(server.ConnectionTo(await server.NewSchemaAsync()));
        };

    private static async Task<AgentStore> OpenAsync(string connection) => new(await PostgresDialect.OpenAsync(new PostgresOptions(connection), NullLogger.Instance));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static List<string> Rows(FunctionApp app, string sql)
    {
        using var connection = DatabaseFile.OpenReader(app.ShopFile);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}

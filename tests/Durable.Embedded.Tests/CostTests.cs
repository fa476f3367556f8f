using Holdfast.Durable.Embedded.Storage;
using Holdfast.Durable.Testing;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class CostTests
{
    [Fact]
    public async Task ARecordedStepNeverRunsAgain()
    {
        await using var engine = EmbeddedFixture.New();
        List<long> ran = [];
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, int>("steps", async (context, _) =>
            {
                for (var n = 0; n < 20; n++)
                {
                    await context.CallActivityAsync("step");
                    await context.WaitForExternalEvent<int>("go");
                }

                return 20;
            })
            .Activity<int, Nothing>("step", (context, _) =>
            {
                ran.Add(context.Step);
                return Nothing.Value;
            }));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("steps", 0, new StartOrchestrationOptions("s"));
        for (var n = 0; n < 20; n++)
        {
            await engine.SettleAsync();
            await engine.RestartAsync();
            await engine.Client.RaiseEventAsync("s", "go", n);
        }

        await engine.EndAsync("s");
        Assert.Equal(Enumerable.Range(1, 20).Select(n => (long)n), ran);
    }

    [Fact]
    public async Task HistoryGrowsByTheSameForEveryStep()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Looping());
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("loop", 1000, new StartOrchestrationOptions("l"));
        await engine.EndAsync("l");
        using var connection = DatabaseFile.OpenReader(engine.Database);
        Assert.Equal(SizeOf(connection, 101, 200), SizeOf(connection, 801, 900));

        static long SizeOf(SqliteConnection connection, int from, int to)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT COUNT(*) * 1000 + SUM(IFNULL(LENGTH(name), 0) + IFNULL(LENGTH(payload), 0)) FROM history WHERE step BETWEEN $from AND $to";
            command.Parameters.AddWithValue("$from", from);
            command.Parameters.AddWithValue("$to", to);
            return (long)command.ExecuteScalar()!;
        }
    }

    [Fact]
    public async Task NothingIsReplayedWhileTheInstanceIsInMemory()
    {
        await using var engine = EmbeddedFixture.New();
        var begun = 0;
        await engine.StartAsync(Looping(() => begun++));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("loop", 200, new StartOrchestrationOptions("l"));
        await engine.EndAsync("l");
        Assert.Equal(1, begun);
    }

    [Fact]
    public async Task AnInstanceThatOnlyWaitsLeavesMemoryAndComesBack()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go"))
            .Orchestrator<int, int>("retry", (context, _) => context.CallActivityAsync<int>("fail", 0, new TaskOptions(new RetryPolicy(2, TimeSpan.FromDays(1)))))
            .Activity<int, int>("fail", Fail));
        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => engine.Client.ScheduleNewOrchestrationInstanceAsync("wait")));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("retry", 0, new StartOrchestrationOptions("r"));
        await engine.SettleAsync();
        await engine.AdvanceAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, engine.Running!.ResidentInstances);
        await Task.WhenAll(ids.Select(id => engine.Client.RaiseEventAsync(id, "go", 5)));
        await engine.SettleAsync();
        foreach (var id in ids)
        {
            Assert.Equal("5", (await engine.Client.GetInstanceAsync(id, true))!.SerializedOutput);
        }

        await engine.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await engine.Client.GetInstanceAsync("r"))!.RuntimeStatus);
        Assert.Equal(0, engine.Running.ResidentInstances);

        static Task<int> Fail(ActivityContext context, int input) => throw new IOException("not yet");
    }

    [Fact]
    public async Task WhatHasEndedLeavesNothingBehindButItsHistory()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, int>("race", async (context, _) =>
            {
                var timer = context.CreateTimer(TimeSpan.FromDays(1), CancellationToken.None);
                var step = context.CallActivityAsync<int>("step");
                await context.WaitForExternalEvent<int>("go");
                return await step;
            })
            .Activity<int, int>("step", (_, _) => 1));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("race", 0, new StartOrchestrationOptions("r"));
        await engine.Client.RaiseEventAsync("r", "unread", 1);
        await engine.Client.RaiseEventAsync("r", "go", 1);
        await engine.SettleAsync();
        await engine.AdvanceAsync(TimeSpan.FromDays(2));
        using var connection = DatabaseFile.OpenReader(engine.Database);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT (SELECT COUNT(*) FROM inbox) + (SELECT COUNT(*) FROM timers) + (SELECT COUNT(*) FROM attempts)";
        Assert.Equal(0L, command.ExecuteScalar());
    }

    [Fact]
    public async Task AQueryByStatusesReadsOnlyThoseOfThem()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Looping());
        using var connection = DatabaseFile.OpenReader(engine.Database);
        using var command = connection.CreateCommand();
        command.CommandText = $"EXPLAIN QUERY PLAN {EngineReader.KeysByStatus.Replace("(?)", "('[3,6]')", StringComparison.Ordinal).Replace("?", "0", StringComparison.Ordinal)}";
        using var plan = command.ExecuteReader();
        List<string> steps = [];
        while (plan.Read())
        {
            steps.Add(plan.GetString(3));
        }

        Assert.Contains(steps, step => step.Contains("INDEX instances_by_status (status=? AND rowid>?)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PagesOfSeveralStatusesFollowOneAnother()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, int>("odd", (_, n) => n % 2 == 0 ? Task.FromResult(n) : throw new InvalidOperationException("odd")));
        List<string> ids = [];
        for (var n = 0; n < 450; n++)
        {
            ids.Add(await engine.Client.ScheduleNewOrchestrationInstanceAsync("odd", n));
        }

        await engine.SettleAsync();
        Assert.Equal(ids, await FoundAsync(OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Completed));
        Assert.Equal(225, (await FoundAsync(OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Paused)).Count);
        Assert.Empty(await FoundAsync());

        async Task<List<string>> FoundAsync(params OrchestrationRuntimeStatus[] statuses)
        {
            List<string> found = [];
            await foreach (var one in engine.Client.GetAllInstancesAsync(new OrchestrationQuery(statuses)))
            {
                found.Add(one.InstanceId);
            }

            return found;
        }
    }

    [Fact]
    public async Task AFanOutOfTenThousandIsJoined()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, long>("sum", async (context, width) =>
                (await Task.WhenAll(Enumerable.Range(1, width).Select(n => context.CallActivityAsync<long>("same", n)))).Sum())
            .Activity<long, long>("same", (_, n) => n));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("sum", 10_000, new StartOrchestrationOptions("s"));
        var ended = await engine.EndAsync("s");
        Assert.Equal("50005000", ended.SerializedOutput);
    }

    private static DurableRegistry Looping(Action? begun = null) => TestRegistry.New()
        .Orchestrator<int, int>("loop", async (context, steps) =>
        {
            begun?.Invoke();
            for (var n = 0; n < steps; n++)
            {
                await context.CallActivityAsync<int>("step", 1);
            }

            return steps;
        })
        .Activity<int, int>("step", (_, n) => n);
}

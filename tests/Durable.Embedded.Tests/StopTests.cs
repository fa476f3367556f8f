using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class StopTests
{
    [Fact]
    public async Task AnOrderlyStopUnderLoadLosesNothingAndRepeatsNothing()
    {
        await using var engine = EmbeddedFixture.New();
        var runs = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var code = TestRegistry.New()
            .Orchestrator<int, int>("steps", async (context, _) =>
            {
                for (var n = 0; n < 20; n++)
                {
                    await context.CallActivityAsync("step");
                }

                return 20;
            })
            .Activity<int, Nothing>("step", async (context, _) =>
            {
                await Task.Yield();
                runs.AddOrUpdate($"{context.InstanceId}/{context.Step}", 1, (_, count) => count + 1);
                return Nothing.Value;
            });
        await engine.StartAsync(code);
        var ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => engine.Client.ScheduleNewOrchestrationInstanceAsync("steps", 0)));
        for (var n = 0; n < 5; n++)
        {
            await engine.StopAsync();
            await engine.StartAsync(code);
        }

        foreach (var id in ids)
        {
            Assert.Equal("20", (await engine.EndAsync(id)).SerializedOutput);
        }

        Assert.Equal(1000, runs.Count);
        Assert.All(runs, run => Assert.Equal(1, run.Value));
    }

    [Fact]
    public async Task AStopRefusesNewWorkAndTellsThoseWhoWait()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New().Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go")));
        var client = engine.Client;
        await client.ScheduleNewOrchestrationInstanceAsync("wait", 0, new StartOrchestrationOptions("w"));
        var waiting = client.WaitForInstanceCompletionAsync("w");
        await engine.StopAsync();
        await Assert.ThrowsAsync<EngineUnavailableException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(10)));
        await Assert.ThrowsAsync<EngineUnavailableException>(() => client.ScheduleNewOrchestrationInstanceAsync("wait"));
        await Assert.ThrowsAsync<EngineUnavailableException>(() => client.RaiseEventAsync("w", "go", 1));
    }

    [Fact]
    public async Task AnActivityThatOutlastsTheGraceIsCancelledAndRunAgainByTheNextStart()
    {
        await using var engine = EmbeddedFixture.New();
        engine.Configure = options => options with { ShutdownGrace = TimeSpan.FromMilliseconds(50) };
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var executions = 0;
        var code = TestRegistry.New()
            .Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("slow"))
            .Activity<int, string>("slow", async (context, _) =>
            {
                if (Interlocked.Increment(ref executions) == 1)
                {
                    entered.SetResult();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
                }

                return "done";
            });
        await engine.StartAsync(code);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("one", 0, new StartOrchestrationOptions("o"));
        await entered.Task;
        await engine.StopAsync();
        await engine.StartAsync(code);
        Assert.Equal("\"done\"", (await engine.EndAsync("o")).SerializedOutput);
        Assert.Equal(2, executions);
    }

    [Fact]
    public async Task AnUnserialisableResultIsAFailedStepAndNotAStuckOne()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, string>("odd", async (context, _) =>
            {
                try
                {
                    await context.CallActivityAsync<object>("pointer");
                    return "taken";
                }
                catch (TaskFailedException e) when (e.FailureDetails.IsCausedBy<NotSupportedException>())
                {
                    return "failed";
                }
            })
            .Activity<int, object>("pointer", (_, _) => typeof(string)));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("odd", 0, new StartOrchestrationOptions("o"));
        Assert.Equal("\"failed\"", (await engine.EndAsync("o")).SerializedOutput);
    }
}

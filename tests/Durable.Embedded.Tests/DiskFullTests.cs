using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class DiskFullTests
{
    [Fact]
    public async Task AFullDiskRefusesStartsKeepsLiveInstancesAndLosesNothing()
    {
        await using var engine = EmbeddedFixture.New();
        engine.Configure = options => options with { MaxDatabasePages = 300 };
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await engine.StartAsync(Code(gate.Task));
        for (var n = 0; n < 5; n++)
        {
            await engine.Client.ScheduleNewOrchestrationInstanceAsync("live", n, new StartOrchestrationOptions($"live{n}"));
        }

        var full = await FillAsync(engine);
        Assert.Contains("engine.db cannot take more now", full.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", full.Message, StringComparison.Ordinal);

        // Their results do not fit, and wait; a start is refused at once all the same.
        gate.SetResult();
        await Assert.ThrowsAsync<EngineUnavailableException>(() =>
            engine.Client.ScheduleNewOrchestrationInstanceAsync("fill", new string('x', 200_000), new StartOrchestrationOptions("refused")));
        Assert.Null(await engine.Client.GetInstanceAsync("refused"));

        for (var n = 0; await engine.Client.GetInstanceAsync($"fill{n}") is not null; n++)
        {
            await engine.EndAsync($"fill{n}");
            Assert.True(await engine.Client.PurgeInstanceAsync($"fill{n}"));
        }

        for (var n = 0; n < 5; n++)
        {
            var ended = await engine.EndAsync($"live{n}");
            Assert.Equal($"{30_000 + n}", ended.SerializedOutput);
        }

        await engine.Client.ScheduleNewOrchestrationInstanceAsync("fill", "room again", new StartOrchestrationOptions("refused"));
        await engine.EndAsync("refused");
    }

    [Fact]
    public async Task RoundsOfAFullDiskAndRestartsWithMoreRoomLoseNothing()
    {
        await using var engine = EmbeddedFixture.New();
        var pages = 100L;
        engine.Configure = options => options with { MaxDatabasePages = pages };
        await engine.StartAsync(Code(Task.CompletedTask));
        List<string> accepted = [];
        for (var round = 0; round < Torture.Rounds(5, 50); round++)
        {
            try
            {
                while (true)
                {
                    var id = $"r{round}-{accepted.Count}";
                    await engine.Client.ScheduleNewOrchestrationInstanceAsync("live", accepted.Count, new StartOrchestrationOptions(id));
                    accepted.Add(id);
                }
            }
            catch (EngineUnavailableException)
            {
                pages += 400;
                await engine.RestartAsync();
            }
        }

        pages += 20 * accepted.Count; // each of them is going to hold a result of eight pages
        await engine.RestartAsync();
        for (var n = 0; n < accepted.Count; n++)
        {
            var ended = await engine.EndAsync(accepted[n]);
            Assert.Equal((OrchestrationRuntimeStatus.Completed, $"{30_000 + n}"), (ended.RuntimeStatus, ended.SerializedOutput));
        }

        Assert.True(accepted.Count >= 5);
    }

    private static async Task<EngineUnavailableException> FillAsync(EmbeddedFixture engine)
    {
        for (var n = 0; ; n++)
        {
            try
            {
                await engine.Client.ScheduleNewOrchestrationInstanceAsync("fill", new string('x', 20_000), new StartOrchestrationOptions($"fill{n}"));
            }
            catch (EngineUnavailableException e)
            {
                return e;
            }
        }
    }

    private static DurableRegistry Code(Task gate) => TestRegistry.New()
        .Orchestrator<string, string>("fill", (_, _) => Task.FromResult("full"))
        .Orchestrator<int, int>("live", async (context, n) =>
            (await context.CallActivityAsync<string>("large")).Length + await context.CallActivityAsync<int>("small", n))
        .Activity<int, string>("large", async (_, _) =>
        {
            await gate;
            return new string('y', 30_000);
        })
        .Activity<int, int>("small", (_, n) => n);
}

using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class TimeTests
{
    [Fact]
    public async Task ThousandsOfTimersOverThirtyDaysAreNeitherEarlyNorTwice()
    {
        var count = Torture.Rounds(2_000, 10_000);
        await using var engine = EmbeddedFixture.New();
        var fired = 0;
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<long, bool>("sleep", async (context, minutes) =>
            {
                var due = context.CurrentUtcDateTime.AddMinutes(minutes);
                await context.CreateTimer(due, CancellationToken.None);
                return context.CurrentUtcDateTime >= due && await context.CallActivityAsync<bool>("fired");
            })
            .Activity<int, bool>("fired", (_, _) => Interlocked.Increment(ref fired) > 0));
        var ids = await Task.WhenAll(Enumerable.Range(0, count).Select(n =>
            engine.Client.ScheduleNewOrchestrationInstanceAsync("sleep", n * (30L * 24 * 60 / count))));
        for (var day = 0; day < 30; day++)
        {
            await engine.AdvanceAsync(TimeSpan.FromDays(1));
            if (day % 10 == 5)
            {
                await engine.RestartAsync();
            }
        }

        await engine.SettleAsync();
        Assert.Equal(count, fired);
        foreach (var id in ids)
        {
            Assert.Equal("true", (await engine.Client.GetInstanceAsync(id, true))!.SerializedOutput);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24 * 365)]
    public async Task AClockSetBackDelaysATimerAndNeverHastensIt(int hours)
    {
        await using var engine = EmbeddedFixture.New();
        await StartSleepingAsync(engine);
        engine.Time.Set(engine.Now - TimeSpan.FromHours(hours));
        await engine.RestartAsync();
        await engine.AdvanceAsync(TimeSpan.FromMinutes(59));
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await engine.Client.GetInstanceAsync("s"))!.RuntimeStatus);
        engine.Time.Set(engine.Now + TimeSpan.FromHours(hours) + TimeSpan.FromMinutes(2));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.Client.GetInstanceAsync("s"))!.RuntimeStatus);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24 * 365)]
    public async Task AClockSetForwardIsNoticedWithinHalfAMinute(int hours)
    {
        await using var engine = EmbeddedFixture.New();
        await StartSleepingAsync(engine);
        engine.Time.Set(engine.Now + TimeSpan.FromHours(hours));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.Client.GetInstanceAsync("s"))!.RuntimeStatus);
    }

    [Fact]
    public async Task OverdueTimersFireAtOnceAfterARestart()
    {
        await using var engine = EmbeddedFixture.New();
        await StartSleepingAsync(engine);
        engine.Time.Set(engine.Now + TimeSpan.FromDays(2));
        await engine.RestartAsync();
        await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await engine.Client.GetInstanceAsync("s"))!.RuntimeStatus);
    }

    private static async Task StartSleepingAsync(EmbeddedFixture engine)
    {
        await engine.StartAsync(TestRegistry.New().Orchestrator<int, string>("sleep", async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
            return "awake";
        }));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("sleep", 0, new StartOrchestrationOptions("s"));
        await engine.SettleAsync();
    }
}

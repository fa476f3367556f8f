namespace Holdfast.Durable.Testing.Scenarios;

internal static class Timers
{
    private const int Promise = 4;

    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(Promise, Capabilities.Advance, ATimerIsNeverEarly),
        Scenario.Of(Promise, Capabilities.Advance, AThreeDayWaitTakesAMoment),
        Scenario.Of(Promise, Capabilities.Advance | Capabilities.Restart, ATimerOutlivesARestart),
        Scenario.Of(Promise, Capabilities.Advance | Capabilities.Restart, AnOverdueTimerFiresAfterARestart),
        Scenario.Of(Promise, Capabilities.Advance, ManyTimersFireInTheirOrder),
        Scenario.Of(Promise, Capabilities.None, ATimerWithoutADelayFires),
        Scenario.Of(0, Capabilities.Advance, ACancelledTimerDoesNotFire),
        Scenario.Of(0, Capabilities.None, ALocalTimeIsRefused),
    ];

    private static async Task ATimerIsNeverEarly(EngineFixture engine)
    {
        var delay = TimeSpan.FromMinutes(10) + TimeSpan.FromTicks(3);
        await engine.StartAsync(r => r.Orchestrator<int, List<DateTime>>("sleep", async (context, _) =>
        {
            var began = context.CurrentUtcDateTime;
            await context.CreateTimer(delay, CancellationToken.None);
            return [began, context.CurrentUtcDateTime];
        }));
        await engine.BeginAsync("sleep", 0, "s");
        await engine.AdvanceAsync(delay - TimeSpan.FromTicks(1));
        Expect.Equal(OrchestrationRuntimeStatus.Running, await engine.StatusAsync("s"), "the status a tick before");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(2));
        var times = await engine.OutputAsync<List<DateTime>>("s");
        Expect.True(times[1] - times[0] >= delay, $"the wait to be at least {delay}; it was {times[1] - times[0]}");
    }

    private static async Task AThreeDayWaitTakesAMoment(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("sleep", async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromDays(3), CancellationToken.None);
            return "awake";
        }));
        await engine.BeginAsync("sleep", 0, "s");
        await engine.AdvanceAsync(TimeSpan.FromDays(3) + TimeSpan.FromMinutes(1));
        Expect.Equal("awake", await engine.OutputAsync<string>("s"), "the output");
    }

    private static async Task ATimerOutlivesARestart(EngineFixture engine)
    {
        await StartSleeping(engine);
        await engine.AdvanceAsync(TimeSpan.FromMinutes(30));
        await engine.RestartAsync();
        await engine.AdvanceAsync(TimeSpan.FromMinutes(29));
        Expect.Equal(OrchestrationRuntimeStatus.Running, await engine.StatusAsync("s"), "the status before it is due");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(2));
        Expect.Equal("awake", await engine.OutputAsync<string>("s"), "the output");
    }

    private static async Task AnOverdueTimerFiresAfterARestart(EngineFixture engine)
    {
        await StartSleeping(engine);
        await engine.Client.SuspendInstanceAsync("s");
        await engine.AdvanceAsync(TimeSpan.FromHours(2));
        await engine.RestartAsync();
        await engine.Client.ResumeInstanceAsync("s");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(5));
        Expect.Equal("awake", await engine.OutputAsync<string>("s"), "the output");
    }

    private static async Task ManyTimersFireInTheirOrder(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, List<int>>("many", async (context, count) =>
        {
            List<int> fired = [];
            await Task.WhenAll(Enumerable.Range(0, count).Select(async n =>
            {
                await context.CreateTimer(TimeSpan.FromMinutes((n * 7 % count) + 1), CancellationToken.None);
                fired.Add(n * 7 % count);
            }));
            return fired;
        }));
        await engine.BeginAsync("many", 100, "m");
        await engine.AdvanceAsync(TimeSpan.FromHours(3));
        Expect.Sequence(Enumerable.Range(0, 100), await engine.OutputAsync<List<int>>("m"), "the order of the timers");
    }

    private static async Task ATimerWithoutADelayFires(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("sleep", async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.Zero, CancellationToken.None);
            await context.CreateTimer(TimeSpan.FromHours(-1), CancellationToken.None);
            await context.CreateTimer(context.CurrentUtcDateTime.AddDays(-1), CancellationToken.None);
            return "awake";
        }));
        await engine.BeginAsync("sleep", 0, "s");
        if (engine.Capabilities.HasFlag(Capabilities.Advance))
        {
            await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        Expect.Equal("awake", await engine.OutputAsync<string>("s"), "the output");
    }

    private static async Task ACancelledTimerDoesNotFire(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("sleep", async (context, _) =>
        {
            using var cancel = new CancellationTokenSource();
            var timer = context.CreateTimer(TimeSpan.FromHours(1), cancel.Token);
            var go = await context.WaitForExternalEvent<string>("go");
            cancel.Cancel();
            await context.CreateTimer(TimeSpan.FromHours(2), CancellationToken.None);
            return $"{go} {timer.IsCanceled}";
        }));
        await engine.BeginAsync("sleep", 0, "s");
        await engine.RaiseAsync("s", "go", "went");
        await engine.SettleAsync();
        await engine.AdvanceAsync(TimeSpan.FromHours(3));
        Expect.Equal("went True", await engine.OutputAsync<string>("s"), "the output, and whether the timer is cancelled");
    }

    private static async Task ALocalTimeIsRefused(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("sleep", async (context, _) =>
        {
            try
            {
                await context.CreateTimer(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Local), CancellationToken.None);
                return "taken";
            }
            catch (ArgumentException)
            {
                return "refused";
            }
        }));
        Expect.Equal("refused", await engine.RunAsync<string>("sleep"), "a local time");
    }

    private static async Task StartSleeping(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("sleep", async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
            return "awake";
        }));
        await engine.BeginAsync("sleep", 0, "s");
        await engine.SettleAsync();
    }
}

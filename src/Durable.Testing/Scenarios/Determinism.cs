namespace Holdfast.Durable.Testing.Scenarios;

internal static class Determinism
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(0, Capabilities.Restart, GuidsAndTimesAreTheSameAtReplay),
        Scenario.Of(0, Capabilities.Advance, TimeNeverGoesBack),
        Scenario.Of(0, Capabilities.Restart | Capabilities.Logs, TheReplaySafeLoggerIsSilentInReplay),
        Scenario.Of(0, Capabilities.Restart, TheCustomStatusIsSeenAlsoAfterTheEnd),
        Scenario.Of(0, Capabilities.None, TheVersionIsHandedToTheCode),
    ];

    private static async Task GuidsAndTimesAreTheSameAtReplay(EngineFixture engine)
    {
        List<string> seen = [];
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("draw", async (context, _) =>
            {
                var drawn = $"{context.NewGuid()} {context.NewGuid()} {context.CurrentUtcDateTime:O}";
                await context.CallActivityAsync("step");
                drawn += $" {context.NewGuid()} {context.CurrentUtcDateTime:O}";
                lock (seen)
                {
                    seen.Add(drawn);
                }

                await context.WaitForExternalEvent<int>("go");
                return drawn;
            })
            .Activity<int, Nothing>("step", (_, _) => Nothing.Value));
        await engine.BeginAsync("draw", 0, "d");
        await engine.SettleAsync();
        await engine.RestartAsync();
        await engine.RaiseAsync("d", "go", 1);
        var output = await engine.OutputAsync<string>("d");
        Expect.True(seen.Count >= 2, "the code to have run again");
        Expect.Equal(1, seen.Append(output).Distinct().Count(), "the different draws");
        Expect.Equal(3, output.Split(' ').Where(part => Guid.TryParse(part, out _)).Distinct().Count(), "the different GUIDs");
    }

    private static async Task TimeNeverGoesBack(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<List<DateTime>, List<DateTime>>("clock", async (context, seen) =>
            {
                for (var n = 0; n < 3; n++)
                {
                    seen.Add(context.CurrentUtcDateTime);
                    await context.CreateTimer(TimeSpan.FromSeconds(10), CancellationToken.None);
                    seen.Add(context.CurrentUtcDateTime);
                    await context.CallActivityAsync("step");
                }

                if (seen.Count < 30)
                {
                    context.ContinueAsNew(seen);
                }

                return seen;
            })
            .Activity<int, Nothing>("step", (_, _) => Nothing.Value));
        await engine.BeginAsync("clock", new List<DateTime>(), "c");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(10));
        var times = await engine.OutputAsync<List<DateTime>>("c");
        Expect.Sequence(times.Order(), times, "the times");
        Expect.True(times[0].Kind == DateTimeKind.Utc, "the times to be UTC");
    }

    private static async Task TheReplaySafeLoggerIsSilentInReplay(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("talk", async (context, _) =>
            {
                var logger = context.CreateReplaySafeLogger("talk");
                Say(logger, "first");
                await context.CallActivityAsync("step");
                Say(logger, "second");
                var got = await context.WaitForExternalEvent<int>("go");
                Say(logger, "third");
                return got;
            })
            .Activity<int, Nothing>("step", (_, _) => Nothing.Value));
        await engine.BeginAsync("talk", 0, "t");
        await engine.SettleAsync();
        await engine.RestartAsync();
        await engine.RaiseAsync("t", "go", 1);
        await engine.OutputAsync<int>("t");
        Expect.Sequence(["first", "second", "third"], engine.Logged.Where(line => line is "first" or "second" or "third"), "the lines");

        static void Say(Microsoft.Extensions.Logging.ILogger logger, string line) =>
            logger.Log(Microsoft.Extensions.Logging.LogLevel.Information, 0, line, null, (state, _) => state);
    }

    private static async Task TheCustomStatusIsSeenAlsoAfterTheEnd(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("status", async (context, _) =>
        {
            context.SetCustomStatus("waiting");
            try
            {
                context.SetCustomStatus(new string('x', 16 * 1024));
            }
            catch (PayloadTooLargeException e) when (e.Limit == 16 * 1024)
            {
                await context.WaitForExternalEvent<int>("go");
            }

            context.SetCustomStatus("done");
            return "end";
        }));
        await engine.BeginAsync("status", 0, "s");
        await engine.SettleAsync();
        await engine.RestartAsync();
        Expect.Equal("\"waiting\"", (await engine.Client.GetInstanceAsync("s"))?.SerializedCustomStatus, "the custom status");
        await engine.RaiseAsync("s", "go", 1);
        Expect.Equal("\"done\"", (await engine.EndAsync("s")).SerializedCustomStatus, "the custom status at the end");
    }

    private static async Task TheVersionIsHandedToTheCode(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("version", (context, _) => Task.FromResult($"{context.Name} '{context.Version}'")));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("version", 0, new StartOrchestrationOptions("v") { Version = "7.1" });
        Expect.Equal("version '7.1'", await engine.OutputAsync<string>("v"), "name and version");
        Expect.Equal("version ''", await engine.RunAsync<string>("version"), "name and no version");
    }
}

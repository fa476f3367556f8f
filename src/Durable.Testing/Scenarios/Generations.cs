using System.Collections.Concurrent;

namespace Holdfast.Durable.Testing.Scenarios;

internal static class Generations
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(2, Capabilities.None, StepNumbersAndKeysGoOnAcrossGenerations),
        Scenario.Of(3, Capabilities.EventsOnce, UnreadEventsAreHandedOn),
        Scenario.Of(0, Capabilities.EventsOnce, UnreadEventsAreDroppedIfTheCodeSaysSo),
        Scenario.Of(2, Capabilities.Restart | Capabilities.EventsOnce, AGenerationThatInheritsEventsReplaysAfterARestart),
        Scenario.Of(0, Capabilities.None, GuidsAreUniqueAcrossGenerations),
        Scenario.Of(0, Capabilities.LeaveOpen, AGenerationMayEndWithAnActivityOpen),
        Scenario.Of(2, Capabilities.None, AWaitThatIsLeftOpenAtTheEndDoesNotRunOut),
        Scenario.Of(2, Capabilities.None, AWaitThatAGenerationLeavesOpenDoesNotRunOut),
    ];

    private static async Task StepNumbersAndKeysGoOnAcrossGenerations(EngineFixture engine)
    {
        List<long> steps = [];
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("loop", async (context, round) =>
            {
                await context.CallActivityAsync("note");
                await context.CallActivityAsync("note");
                if (round < 9)
                {
                    context.ContinueAsNew(round + 1);
                }

                return round;
            })
            .Activity<int, Nothing>("note", (context, _) =>
            {
                lock (steps)
                {
                    steps.Add(context.Step);
                }

                return Nothing.Value;
            }));
        Expect.Equal(9, await engine.RunAsync<int>("loop", 0), "the last round");
        Expect.Equal(20, steps.Distinct().Count(), "the different steps of ten rounds");
        Expect.Sequence(steps.Order(), steps, "the steps");
    }

    private static async Task UnreadEventsAreHandedOn(EngineFixture engine)
    {
        await engine.StartAsync(r => Declare(r, preserve: true));
        await Leave(engine);
        Expect.Equal("a1 b1 a2", await engine.OutputAsync<string>("g"), "events read by the second generation");
    }

    private static async Task UnreadEventsAreDroppedIfTheCodeSaysSo(EngineFixture engine)
    {
        await engine.StartAsync(r => Declare(r, preserve: false));
        await Leave(engine);
        await engine.SettleAsync();
        await engine.RaiseAsync("g", "a", "a3");
        await engine.RaiseAsync("g", "b", "b3");
        await engine.RaiseAsync("g", "a", "a4");
        Expect.Equal("a3 b3 a4", await engine.OutputAsync<string>("g"), "events read by the second generation");
    }

    private static async Task AGenerationThatInheritsEventsReplaysAfterARestart(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("inherit", async (context, generation) =>
            {
                if (generation == 0)
                {
                    await context.WaitForExternalEvent<string>("turn");
                    context.ContinueAsNew(1);
                    return string.Empty;
                }

                // It decides before it meets what it inherited.
                var acted = await context.CallActivityAsync<string>("act");
                var inherited = await context.WaitForExternalEvent<string>("a");
                return $"{acted} {inherited} {await context.WaitForExternalEvent<string>("last")}";
            })
            .Activity<int, string>("act", (_, _) => "acted"));
        await engine.BeginAsync("inherit", 0, "g");
        await engine.RaiseAsync("g", "a", "a1");
        await engine.RaiseAsync("g", "turn", "now");
        await engine.SettleAsync();
        await engine.RestartAsync();
        await engine.RestartAsync();
        await engine.RaiseAsync("g", "last", "end");
        Expect.Equal("acted a1 end", await engine.OutputAsync<string>("g"), "the output");
    }

    private static async Task GuidsAreUniqueAcrossGenerations(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<List<Guid>, List<Guid>>("guids", (context, seen) =>
        {
            seen.Add(context.NewGuid());
            seen.Add(context.NewGuid());
            if (seen.Count < 20)
            {
                context.ContinueAsNew(seen);
            }

            return Task.FromResult(seen);
        }));
        var guids = await engine.RunAsync<List<Guid>>("guids", new List<Guid>());
        Expect.Equal(20, guids.Distinct().Count(), "the different GUIDs");
    }

    private static async Task AGenerationMayEndWithAnActivityOpen(EngineFixture engine)
    {
        var gate = new Gate();
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("leave", async (context, generation) =>
            {
                if (generation == 0)
                {
                    var abandoned = context.CallActivityAsync<string>("slow");
                    await context.WaitForExternalEvent<string>("turn");
                    context.ContinueAsNew(1);
                    return string.Empty;
                }

                return await context.CallActivityAsync<string>("quick");
            })
            .Activity<int, string>("slow", async (_, _) =>
            {
                await gate.PassAsync();
                return "slow";
            })
            .Activity<int, string>("quick", (_, _) => "quick"));
        await engine.BeginAsync("leave", 0, "g");
        await gate.Entered;
        await engine.RaiseAsync("g", "turn", "now");
        Expect.Equal("quick", await engine.OutputAsync<string>("g"), "the second generation's output");
        gate.Open();
        await engine.SettleAsync();
    }

    private static async Task AWaitThatIsLeftOpenAtTheEndDoesNotRunOut(EngineFixture engine)
    {
        var ran = DeclareReminding(out var registry);
        await engine.StartAsync(registry);
        await engine.BeginAsync("approval", 0, "a");
        await engine.RaiseAsync("a", "done", "now");
        Expect.Equal("done", await engine.OutputAsync<string>("a"), "the output");
        await engine.SettleAsync();
        Expect.Sequence([], ran, "the steps that ran though three days had not passed");
    }

    private static async Task AWaitThatAGenerationLeavesOpenDoesNotRunOut(EngineFixture engine)
    {
        var ran = DeclareReminding(out var registry);
        await engine.StartAsync(registry);
        await engine.BeginAsync("approval", 1, "a");
        await engine.RaiseAsync("a", "done", "now");
        Expect.Equal("next", await engine.OutputAsync<string>("a"), "the output");
        await engine.SettleAsync();
        Expect.Sequence(["next"], ran, "the steps that ran though three days had not passed");
    }

    /// <summary>Code that leaves a wait of three days open at its end, or at the end of its first generation.</summary>
    /// <returns>What its activity was asked for.</returns>
    private static ConcurrentQueue<string> DeclareReminding(out DurableRegistry registry)
    {
        ConcurrentQueue<string> ran = [];
        registry = Drive.Declared(r => r
            .Orchestrator<int, string>("approval", async (context, generations) =>
            {
                if (generations < 0)
                {
                    return await context.CallActivityAsync<string>("note", "next");
                }

                await Task.WhenAny(RemindAsync(context), context.WaitForExternalEvent<string>("done"));
                if (generations > 0)
                {
                    context.ContinueAsNew(-1);
                }

                return "done";
            })
            .Activity<string, string>("note", (_, what) =>
            {
                ran.Enqueue(what);
                return what;
            }));
        return ran;

        static async Task RemindAsync(OrchestrationContext context)
        {
            try
            {
                await context.WaitForExternalEvent<string>("decision", TimeSpan.FromDays(3));
            }
            catch (TaskCanceledException)
            {
                await context.CallActivityAsync<string>("note", "three days have passed");
            }
        }
    }

    private static void Declare(DurableRegistry registry, bool preserve) => registry.Orchestrator<int, string>("turn", async (context, generation) =>
    {
        if (generation == 0)
        {
            await context.WaitForExternalEvent<string>("turn");
            context.ContinueAsNew(1, preserve);
            return string.Empty;
        }

        var first = await context.WaitForExternalEvent<string>("a");
        var second = await context.WaitForExternalEvent<string>("b");
        return $"{first} {second} {await context.WaitForExternalEvent<string>("a")}";
    });

    private static async Task Leave(EngineFixture engine)
    {
        await engine.BeginAsync("turn", 0, "g");
        await engine.RaiseAsync("g", "a", "a1");
        await engine.RaiseAsync("g", "b", "b1");
        await engine.RaiseAsync("g", "a", "a2");
        await engine.SettleAsync();
        await engine.RaiseAsync("g", "turn", "now");
    }
}

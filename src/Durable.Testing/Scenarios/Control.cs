namespace Holdfast.Durable.Testing.Scenarios;

internal static class Control
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(3, Capabilities.Control, ASuspendedInstanceBeginsNoStepAndKeepsItsEvents),
        Scenario.Of(2, Capabilities.Control, TheResultOfAStepInFlightAtASuspensionIsKept),
        Scenario.Of(0, Capabilities.Control | Capabilities.Restart, ASuspensionOutlivesARestart),
        Scenario.Of(0, Capabilities.Control, ATerminationRacingAResultEndsInOneOfTheTwo),
        Scenario.Of(0, Capabilities.Control, NothingReachesATerminatedInstance),
        Scenario.Of(3, Capabilities.Control, SuspensionsAndEventsRacingLoseNothing),
        Scenario.Of(0, Capabilities.Control | Capabilities.UnknownInstance, WhatNobodyHasCannotBeControlled),
    ];

    private static async Task ASuspendedInstanceBeginsNoStepAndKeepsItsEvents(EngineFixture engine)
    {
        var begun = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("steps", async (context, _) =>
            {
                var sum = 0;
                for (var n = 0; n < 3; n++)
                {
                    sum += await context.WaitForExternalEvent<int>("go");
                    await context.CallActivityAsync("step");
                }

                return sum;
            })
            .Activity<int, Nothing>("step", (_, _) =>
            {
                Interlocked.Increment(ref begun);
                return Nothing.Value;
            }));
        await engine.BeginAsync("steps", 0, "s");
        await engine.RaiseAsync("s", "go", 1);
        await engine.SettleAsync();
        await engine.Client.SuspendInstanceAsync("s");
        await engine.RaiseAsync("s", "go", 10);
        await engine.RaiseAsync("s", "go", 100);
        await engine.SettleAsync();
        Expect.Equal(1, begun, "the steps begun during the suspension and before");
        Expect.Equal(OrchestrationRuntimeStatus.Suspended, await engine.StatusAsync("s"), "the status");
        await engine.Client.ResumeInstanceAsync("s");
        Expect.Equal(111, await engine.OutputAsync<int>("s"), "the sum of all events");
    }

    private static async Task TheResultOfAStepInFlightAtASuspensionIsKept(EngineFixture engine)
    {
        var gate = new Gate();
        var runs = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("slow"))
            .Activity<int, string>("slow", async (_, _) =>
            {
                Interlocked.Increment(ref runs);
                await gate.PassAsync();
                return "kept";
            }));
        await engine.BeginAsync("one", 0, "o");
        await gate.Entered;
        await engine.Client.SuspendInstanceAsync("o");
        gate.Open();
        await engine.SettleAsync();
        Expect.Equal(OrchestrationRuntimeStatus.Suspended, await engine.StatusAsync("o"), "the status");
        await engine.Client.ResumeInstanceAsync("o");
        Expect.Equal("kept", await engine.OutputAsync<string>("o"), "the output");
        Expect.Equal(1, runs, "the executions of the step");
    }

    private static async Task ASuspensionOutlivesARestart(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go")));
        await engine.BeginAsync("wait", 0, "w");
        await engine.SettleAsync();
        await engine.Client.SuspendInstanceAsync("w");
        await engine.RaiseAsync("w", "go", 4);
        await engine.RestartAsync();
        await engine.SettleAsync();
        Expect.Equal(OrchestrationRuntimeStatus.Suspended, await engine.StatusAsync("w"), "the status after a restart");
        await engine.Client.ResumeInstanceAsync("w");
        Expect.Equal(4, await engine.OutputAsync<int>("w"), "the event that came meanwhile");
    }

    private static async Task ATerminationRacingAResultEndsInOneOfTheTwo(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("quick"))
            .Activity<int, string>("quick", async (_, _) =>
            {
                await Task.Yield();
                return "done";
            }));
        for (var n = 0; n < 100; n++)
        {
            var id = await engine.BeginAsync("one");
            await engine.Client.TerminateInstanceAsync(id, "stopped");
            var ended = await engine.EndAsync(id);
            Expect.True((ended.RuntimeStatus, ended.SerializedOutput) is (OrchestrationRuntimeStatus.Completed, "\"done\"")
                or (OrchestrationRuntimeStatus.Terminated, "\"stopped\""), $"one of the two ends; it is {ended.RuntimeStatus} {ended.SerializedOutput}");
            await engine.SettleAsync();
            Expect.Equal(ended.RuntimeStatus, (await engine.EndAsync(id)).RuntimeStatus, "the end, a moment later");
        }
    }

    private static async Task NothingReachesATerminatedInstance(EngineFixture engine)
    {
        var gate = new Gate();
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("slow"))
            .Activity<int, string>("slow", async (_, _) =>
            {
                await gate.PassAsync();
                return "late";
            }));
        await engine.BeginAsync("one", 0, "o");
        await gate.Entered;
        await engine.Client.TerminateInstanceAsync("o", "stopped");
        gate.Open();
        await engine.SettleAsync();
        var ended = await engine.EndAsync("o");
        Expect.Equal("Terminated \"stopped\"", $"{ended.RuntimeStatus} {ended.SerializedOutput}", "the end");
        await engine.Client.TerminateInstanceAsync("o", "again");
        Expect.Equal("\"stopped\"", (await engine.EndAsync("o")).SerializedOutput, "the output after a second termination");
    }

    private static async Task SuspensionsAndEventsRacingLoseNothing(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, List<int>>("collect", async (context, count) =>
            {
                List<int> seen = [];
                while (seen.Count < count)
                {
                    seen.Add(await context.CallActivityAsync<int>("same", await context.WaitForExternalEvent<int>("n")));
                }

                return seen;
            })
            .Activity<int, int>("same", (_, n) => n));
        var ids = Enumerable.Range(0, 20).Select(n => $"c{n}").ToList();
        await Task.WhenAll(ids.Select(id => engine.BeginAsync("collect", 50, id)));
        await Task.WhenAll(ids.SelectMany<string, Task>(id => [Task.Run(() => RaiseAll(id)), Task.Run(() => Toggle(id))]));
        foreach (var id in ids)
        {
            Expect.Sequence(Enumerable.Range(0, 50), await engine.OutputAsync<List<int>>(id), $"the events of {id}");
        }

        async Task RaiseAll(string id)
        {
            for (var n = 0; n < 50; n++)
            {
                await engine.RaiseAsync(id, "n", n);
            }
        }

        async Task Toggle(string id)
        {
            try
            {
                for (var n = 0; n < 25; n++)
                {
                    await engine.Client.SuspendInstanceAsync(id);
                    await engine.Client.ResumeInstanceAsync(id);
                }
            }
            catch (InstanceEndedException)
            {
                // Quicker than its controls: as legal as the other way round.
            }
        }
    }

    private static async Task WhatNobodyHasCannotBeControlled(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input)));
        await Expect.ThrowsAsync<InstanceNotFoundException>(() => engine.Client.SuspendInstanceAsync("nobody"), "suspending nobody");
        await Expect.ThrowsAsync<InstanceNotFoundException>(() => engine.Client.ResumeInstanceAsync("nobody"), "resuming nobody");
        await Expect.ThrowsAsync<InstanceNotFoundException>(() => engine.Client.TerminateInstanceAsync("nobody"), "terminating nobody");
        await engine.RunAsync<int>("echo", 1, "done");
        await Expect.ThrowsAsync<InstanceEndedException>(() => engine.Client.SuspendInstanceAsync("done"), "suspending the dead");
    }
}

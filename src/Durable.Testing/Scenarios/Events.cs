namespace Holdfast.Durable.Testing.Scenarios;

internal static class Events
{
    private const int Promise = 3;

    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(Promise, Capabilities.None, AnEventBeforeTheWaitIsKept),
        Scenario.Of(Promise, Capabilities.Advance, AnEventBeforeTheTimeoutIsDelivered),
        Scenario.Of(Promise, Capabilities.Advance, AnEventAtTheTimeoutIsDelivered),
        Scenario.Of(Promise, Capabilities.Advance, AnEventDuringTheReminderIsDelivered),
        Scenario.Of(Promise, Capabilities.Advance, AnEventInTheSecondWaitIsDelivered),
        Scenario.Of(Promise, Capabilities.Advance | Capabilities.Restart, AnEventDuringARestartBetweenTwoWaitsIsDelivered),
        Scenario.Of(Promise, Capabilities.EventsOnce | Capabilities.CallOrder, AThousandEventsBeforeTheWaitAllArriveInOrder),
        Scenario.Of(Promise, Capabilities.Restart | Capabilities.EventsOnce, EventsDuringRestartsAllArriveOnce),
        Scenario.Of(Promise, Capabilities.Restart | Capabilities.EventsOnce, EventsAcrossAHundredGenerationsAllArriveOnceInOrder),
        Scenario.Of(Promise, Capabilities.UnknownInstance, AnEventToAnUnknownInstanceIsRefused),
        Scenario.Of(Promise, Capabilities.UnknownInstance, AnEventToAnEndedInstanceIsRefused),
        Scenario.Of(0, Capabilities.None, EventNamesIgnoreCase),
        Scenario.Of(0, Capabilities.None, ASecondWaiterOnANameThrows),
        Scenario.Of(0, Capabilities.None, AWaitWithoutABoundWaits),
        Scenario.Of(Promise, Capabilities.EventsOnce, InstancesSendEachOtherEvents),
        Scenario.Of(0, Capabilities.None, AnEventSentToAnUnknownInstanceIsDropped),
    ];

    private static async Task AnEventBeforeTheWaitIsKept(EngineFixture engine)
    {
        var gate = new Gate();
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("wait", async (context, _) =>
            {
                await context.CallActivityAsync("busy");
                return await context.WaitForExternalEvent<string>("go");
            })
            .Activity<int, Nothing>("busy", async (_, _) =>
            {
                await gate.PassAsync();
                return Nothing.Value;
            }));
        await engine.BeginAsync("wait", 0, "w");
        await gate.Entered;
        await engine.RaiseAsync("w", "go", "early");
        gate.Open();
        Expect.Equal("early", await engine.OutputAsync<string>("w"), "the event that came before the wait");
    }

    private static async Task AnEventBeforeTheTimeoutIsDelivered(EngineFixture engine)
    {
        await StartReminding(engine);
        await engine.AdvanceAsync(TimeSpan.FromMinutes(59));
        await engine.RaiseAsync("w", "decision", "yes");
        Expect.Equal("in time: yes", await engine.OutputAsync<string>("w"), "the outcome");
    }

    private static async Task AnEventAtTheTimeoutIsDelivered(EngineFixture engine)
    {
        await StartReminding(engine);
        await engine.AdvanceAsync(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        await Task.WhenAll(
            Task.Run(() => engine.RaiseAsync("w", "decision", "yes")),
            Task.Run(() => engine.AdvanceAsync(TimeSpan.FromSeconds(1))));
        var output = await engine.OutputAsync<string>("w");
        Expect.True(output is "in time: yes" or "reminded: yes", $"the event to be delivered in one of the two waits; the outcome is {output}");
    }

    private static async Task AnEventDuringTheReminderIsDelivered(EngineFixture engine)
    {
        await StartReminding(engine, id => engine.RaiseAsync(id, "decision", "yes"));
        await engine.AdvanceAsync(TimeSpan.FromHours(2));
        Expect.Equal("reminded: yes", await engine.OutputAsync<string>("w"), "the outcome");
    }

    private static async Task AnEventInTheSecondWaitIsDelivered(EngineFixture engine)
    {
        await StartReminding(engine);
        await engine.AdvanceAsync(TimeSpan.FromHours(2));
        await engine.RaiseAsync("w", "DECISION", "yes");
        Expect.Equal("reminded: yes", await engine.OutputAsync<string>("w"), "the outcome");
    }

    private static async Task AnEventDuringARestartBetweenTwoWaitsIsDelivered(EngineFixture engine)
    {
        await StartReminding(engine);
        await engine.AdvanceAsync(TimeSpan.FromHours(1));
        await engine.RaiseAsync("w", "decision", "yes");
        await engine.RestartAsync();
        var output = await engine.OutputAsync<string>("w");
        Expect.Equal("reminded: yes", output, "the outcome");
    }

    private static async Task AThousandEventsBeforeTheWaitAllArriveInOrder(EngineFixture engine)
    {
        var gate = new Gate();
        await engine.StartAsync(r => r
            .Orchestrator<int, List<int>>("collect", async (context, count) =>
            {
                await context.CallActivityAsync("busy");
                return await Collect(context, count);
            })
            .Activity<int, Nothing>("busy", async (_, _) =>
            {
                await gate.PassAsync();
                return Nothing.Value;
            }));
        await engine.BeginAsync("collect", 1000, "c");
        await gate.Entered;
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(n => engine.RaiseAsync("c", "n", n)));
        gate.Open();
        Expect.Sequence(Enumerable.Range(0, 1000), await engine.OutputAsync<List<int>>("c"), "the events");
    }

    private static async Task EventsDuringRestartsAllArriveOnce(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, List<int>>("collect", Collect));
        await engine.BeginAsync("collect", 50, "c");
        for (var n = 0; n < 50; n++)
        {
            await engine.RaiseAsync("c", "n", n);
            if (n % 5 == 0)
            {
                await engine.RestartAsync();
            }
        }

        Expect.Sequence(Enumerable.Range(0, 50), await engine.OutputAsync<List<int>>("c"), "the events");
    }

    private static async Task EventsAcrossAHundredGenerationsAllArriveOnceInOrder(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<List<int>, List<int>>("collect", async (context, seen) =>
            {
                seen.Add(await context.WaitForExternalEvent<int>("n"));
                if (seen.Count % 2 == 0)
                {
                    await context.CallActivityAsync("note");
                }

                if (seen.Count < 100)
                {
                    context.ContinueAsNew(seen);
                }

                return seen;
            })
            .Activity<int, Nothing>("note", (_, _) => Nothing.Value));
        await engine.BeginAsync("collect", new List<int>(), "c");
        for (var n = 0; n < 100; n += 10)
        {
            await Task.WhenAll(Enumerable.Range(n, 10).Select(one => engine.RaiseAsync("c", "n", one)));
            if (n % 20 == 0)
            {
                await engine.RestartAsync();
            }
        }

        Expect.Sequence(Enumerable.Range(0, 100), await engine.OutputAsync<List<int>>("c"), "the events");
    }

    private static async Task AnEventToAnUnknownInstanceIsRefused(EngineFixture engine)
    {
        await engine.StartAsync(_ => { });
        var refused = await Expect.ThrowsAsync<InstanceNotFoundException>(() => engine.RaiseAsync("nobody", "go"), "an event to nobody");
        Expect.Equal("nobody", refused.InstanceId, "the id that is named");
    }

    private static async Task AnEventToAnEndedInstanceIsRefused(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input)));
        await engine.RunAsync<int>("echo", 1, "done");
        var refused = await Expect.ThrowsAsync<InstanceEndedException>(() => engine.RaiseAsync("done", "go"), "an event to an ended instance");
        Expect.Equal(OrchestrationRuntimeStatus.Completed, refused.Status, "the status that is named");
    }

    private static async Task EventNamesIgnoreCase(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("wait", async (context, _) =>
            await context.WaitForExternalEvent<string>("Go") + await context.WaitForExternalEvent<string>("gO")));
        await engine.BeginAsync("wait", 0, "w");
        await engine.RaiseAsync("w", "GO", "1");
        await engine.RaiseAsync("w", "go", "2");
        Expect.Equal("12", await engine.OutputAsync<string>("w"), "both events");
    }

    private static async Task ASecondWaiterOnANameThrows(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("wait", async (context, _) =>
        {
            var first = context.WaitForExternalEvent<string>("go");
            try
            {
                await context.WaitForExternalEvent<string>("GO");
                return "two waiters";
            }
            catch (InvalidOperationException)
            {
                return await first;
            }
        }));
        await engine.BeginAsync("wait", 0, "w");
        await engine.RaiseAsync("w", "go", "the first has it");
        Expect.Equal("the first has it", await engine.OutputAsync<string>("w"), "the output");
    }

    private static async Task AWaitWithoutABoundWaits(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("wait", (context, _) =>
            context.WaitForExternalEvent<string>("go", Timeout.InfiniteTimeSpan)));
        await engine.BeginAsync("wait", 0, "w");
        await engine.SettleAsync();
        await engine.RaiseAsync("w", "go", "at last");
        Expect.Equal("at last", await engine.OutputAsync<string>("w"), "the output");
    }

    private static async Task InstancesSendEachOtherEvents(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<string, int>("player", async (context, other) =>
            {
                var hits = 0;
                while (hits < 20)
                {
                    hits = await context.WaitForExternalEvent<int>("ball") + 1;
                    context.SendEvent(other, "ball", hits);
                }

                return hits;
            }));
        await engine.BeginAsync("player", "pong", "ping");
        await engine.BeginAsync("player", "ping", "pong");
        await engine.RaiseAsync("ping", "ball", 0);
        Expect.Equal(41, await engine.OutputAsync<int>("ping") + await engine.OutputAsync<int>("pong"), "the last two counts");
    }

    private static async Task AnEventSentToAnUnknownInstanceIsDropped(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, string>("send", (context, _) =>
        {
            context.SendEvent("nobody", "hello");
            return Task.FromResult("sent");
        }));
        Expect.Equal("sent", await engine.RunAsync<string>("send"), "the output");
    }

    private static async Task<List<int>> Collect(OrchestrationContext context, int count)
    {
        List<int> seen = [];
        while (seen.Count < count)
        {
            seen.Add(await context.WaitForExternalEvent<int>("n"));
        }

        return seen;
    }

    private static async Task StartReminding(EngineFixture engine, Func<string, Task>? duringReminder = null)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("approval", async (context, _) =>
            {
                try
                {
                    return "in time: " + await context.WaitForExternalEvent<string>("decision", TimeSpan.FromHours(1));
                }
                catch (TaskCanceledException)
                {
                    await context.CallActivityAsync("remind");
                    return "reminded: " + await context.WaitForExternalEvent<string>("Decision");
                }
            })
            .Activity<int, Nothing>("remind", async (context, _) =>
            {
                await (duringReminder?.Invoke(context.InstanceId) ?? Task.CompletedTask);
                return Nothing.Value;
            }));
        await engine.BeginAsync("approval", 0, "w");
        await engine.SettleAsync();
    }
}

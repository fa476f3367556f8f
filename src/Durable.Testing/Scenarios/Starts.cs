namespace Holdfast.Durable.Testing.Scenarios;

internal static class Starts
{
    private const int Promise = 1;

    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(Promise, Capabilities.None, AHundredConcurrentStartsWithOneIdAreOneInstance),
        Scenario.Of(Promise, Capabilities.Restart, AStartRepeatedAfterARestartIsTheSameInstance),
        Scenario.Of(Promise, Capabilities.None, AnEndedInstanceStartedAgainIsTheSameInstance),
        Scenario.Of(Promise, Capabilities.Restart, AcceptedStartsSurviveARestart),
        Scenario.Of(Promise, Capabilities.Restart | Capabilities.Advance, AStartForLaterBeginsThenAndNotBefore),
        Scenario.Of(Promise, Capabilities.Advance | Capabilities.Control, AStartForLaterThatIsSuspendedAndResumedStillWaits),
        Scenario.Of(0, Capabilities.None, BadInstanceIdsAreRefused),
        Scenario.Of(0, Capabilities.None, AnUnknownInstanceIsNull),
        Scenario.Of(0, Capabilities.Control, APurgedInstanceIsGoneAndALiveOneIsNot),
        Scenario.Of(0, Capabilities.None, InstancesAreListedByStatusAndPrefix),
    ];

    private static async Task AHundredConcurrentStartsWithOneIdAreOneInstance(EngineFixture engine)
    {
        var runs = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("once", (context, input) => context.CallActivityAsync<int>("count", input))
            .Activity<int, int>("count", (_, input) => Interlocked.Increment(ref runs) + (input - input)));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(n => Task.Run(() => engine.BeginAsync("once", n, "same"))));
        Expect.Equal(1, await engine.OutputAsync<int>("same"), "the runs of the one instance");
        await engine.SettleAsync();
        Expect.Equal(1, runs, "the runs of the one step");
    }

    private static async Task AStartRepeatedAfterARestartIsTheSameInstance(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("echo", async (context, input) => input + await context.WaitForExternalEvent<int>("go")));
        await engine.BeginAsync("echo", 1, "same");
        await engine.RestartAsync();
        await Task.WhenAll(Enumerable.Range(2, 100).Select(n => Task.Run(() => engine.BeginAsync("echo", n * 1000, "same"))));
        await engine.RaiseAsync("same", "go", 10);
        Expect.Equal(11, await engine.OutputAsync<int>("same"), "the first start's input, and the event");
    }

    private static async Task AnEndedInstanceStartedAgainIsTheSameInstance(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input)));
        Expect.Equal(1, await engine.RunAsync<int>("echo", 1, "same"), "the output");
        Expect.Equal(1, await engine.RunAsync<int>("echo", 2, "same"), "the output after a second start");
    }

    private static async Task AcceptedStartsSurviveARestart(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("double", (context, input) => context.CallActivityAsync<int>("twice", input))
            .Activity<int, int>("twice", (_, input) => 2 * input));
        var ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(n => engine.BeginAsync("double", n)));
        await engine.RestartAsync();
        for (var n = 0; n < ids.Length; n++)
        {
            Expect.Equal(2 * n, await engine.OutputAsync<int>(ids[n]), $"the output of start {n}");
        }
    }

    private static async Task AStartForLaterBeginsThenAndNotBefore(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, DateTime>("when", (context, _) => Task.FromResult(context.CurrentUtcDateTime)));
        var due = engine.Now + TimeSpan.FromHours(2);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("when", 0, new StartOrchestrationOptions("later", due));
        await engine.AdvanceAsync(TimeSpan.FromHours(1));
        await engine.RestartAsync();
        await engine.AdvanceAsync(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        Expect.Equal(OrchestrationRuntimeStatus.Pending, await engine.StatusAsync("later"), "the status just before");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        Expect.True(await engine.OutputAsync<DateTime>("later") >= due.UtcDateTime, "it to begin when due");
    }

    private static async Task AStartForLaterThatIsSuspendedAndResumedStillWaits(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input)));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("echo", 3, new StartOrchestrationOptions("later", engine.Now + TimeSpan.FromHours(2)));
        await engine.Client.SuspendInstanceAsync("later");
        await engine.Client.ResumeInstanceAsync("later");
        await engine.AdvanceAsync(TimeSpan.FromHours(1));
        Expect.True(await engine.Client.GetInstanceAsync("later") is { IsCompleted: false }, "it not to have ended early");
        await engine.Client.SuspendInstanceAsync("later");
        await engine.AdvanceAsync(TimeSpan.FromHours(2));
        Expect.Equal(OrchestrationRuntimeStatus.Suspended, await engine.StatusAsync("later"), "the status when its time came during a suspension");
        await engine.Client.ResumeInstanceAsync("later");
        Expect.Equal(3, await engine.OutputAsync<int>("later"), "the output");
    }

    private static async Task BadInstanceIdsAreRefused(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input)));
        foreach (var bad in (string[])["", "@first", "a/b", "a\\b", "a?b", "a#b", "a\nb", "a\0b", "ü", new string('x', 101)])
        {
            await Expect.ThrowsAsync<ArgumentException>(() => engine.BeginAsync("echo", 1, bad), $"id '{bad}'");
        }

        Expect.Equal(7, await engine.RunAsync<int>("echo", 7, new string('~', 100)), "the output under the longest id");
    }

    private static async Task AnUnknownInstanceIsNull(EngineFixture engine)
    {
        await engine.StartAsync(_ => { });
        Expect.True(await engine.Client.GetInstanceAsync("nobody") is null, "an unknown instance to be null");
    }

    private static async Task APurgedInstanceIsGoneAndALiveOneIsNot(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input))
            .Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go")));
        await engine.RunAsync<int>("echo", 1, "done");
        await engine.BeginAsync("wait", 1, "live");
        Expect.True(await engine.Client.PurgeInstanceAsync("done"), "an ended instance to be purged");
        Expect.True(!await engine.Client.PurgeInstanceAsync("done"), "it to be purged once");
        Expect.True(!await engine.Client.PurgeInstanceAsync("live"), "a live instance not to be purged");
        Expect.True(await engine.Client.GetInstanceAsync("done") is null, "the purged instance to be gone");
        Expect.Equal(2, await engine.RunAsync<int>("echo", 2, "done"), "the output of a new instance under the purged id");
        await engine.RaiseAsync("live", "go", 3);
        Expect.Equal(3, await engine.OutputAsync<int>("live"), "the live one's output");
    }

    private static async Task InstancesAreListedByStatusAndPrefix(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("echo", (_, input) => Task.FromResult(input))
            .Orchestrator<int, int>("wait", (context, _) => context.WaitForExternalEvent<int>("go")));
        foreach (var id in (string[])["a1", "b1", "a2"])
        {
            await engine.RunAsync<int>("echo", 1, id);
        }

        await engine.BeginAsync("wait", 1, "a3");
        await engine.SettleAsync();
        Expect.Sequence(["a1", "a2", "a3"], await Ids(new OrchestrationQuery(InstanceIdPrefix: "a")), "those that begin with a");
        Expect.Sequence(["a1", "b1", "a2"], await Ids(new OrchestrationQuery([OrchestrationRuntimeStatus.Completed])), "the completed ones");
        Expect.Sequence(["a1", "b1", "a2", "a3"],
            await Ids(new OrchestrationQuery([OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Completed])), "those of two statuses, oldest first");

        async Task<List<string>> Ids(OrchestrationQuery query)
        {
            List<string> ids = [];
            await foreach (var found in engine.Client.GetAllInstancesAsync(query))
            {
                ids.Add(found.InstanceId);
            }

            return ids;
        }
    }
}

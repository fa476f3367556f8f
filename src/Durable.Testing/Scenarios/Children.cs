namespace Holdfast.Durable.Testing.Scenarios;

internal static class Children
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(0, Capabilities.None, AChildsOutputReachesItsParent),
        Scenario.Of(0, Capabilities.None, AChildsFailureIsThrownInItsParent),
        Scenario.Of(0, Capabilities.None, AChildHasTheIdThatItsParentChose),
        Scenario.Of(0, Capabilities.Advance, AFailedChildIsRetriedAsAnotherInstance),
        Scenario.Of(0, Capabilities.Advance, AChildOfTheLongestIdIsRetriedToo),
        Scenario.Of(2, Capabilities.Restart, AChildReachesAParentThatWasRestarted),
        Scenario.Of(0, Capabilities.Control | Capabilities.TellParent, ATerminatedChildFailsItsParentsStep),
        Scenario.Of(0, Capabilities.None, ChildrenFanOutAndNest),
    ];

    private static async Task AChildsOutputReachesItsParent(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", (context, input) => context.CallSubOrchestratorAsync<string>("child", input))
            .Orchestrator<int, string>("child", (context, input) => Task.FromResult($"{input} from {context.Parent?.InstanceId} {context.Parent?.Name}")));
        Expect.Equal("5 from p parent", await engine.RunAsync<string>("parent", 5, "p"), "the child's output");
    }

    private static async Task AChildsFailureIsThrownInItsParent(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", async (context, input) =>
            {
                try
                {
                    return await context.CallSubOrchestratorAsync<string>("child", input);
                }
                catch (TaskFailedException e) when (e.FailureDetails.IsCausedBy<NotSupportedException>())
                {
                    return e.FailureDetails.ErrorMessage;
                }
            })
            .Orchestrator<int, string>("child", Fail));
        Expect.Equal("not today", await engine.RunAsync<string>("parent"), "the child's failure");

        static Task<string> Fail(OrchestrationContext context, int input) => throw new NotSupportedException("not today");
    }

    private static async Task AChildHasTheIdThatItsParentChose(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", async (context, input) =>
            {
                var first = await context.CallSubOrchestratorAsync<string>("child", input, new SubOrchestrationOptions(InstanceId: "chosen"));
                try
                {
                    return await context.CallSubOrchestratorAsync<string>("child", input, new SubOrchestrationOptions(InstanceId: "chosen"));
                }
                catch (TaskFailedException)
                {
                    return first + ", once";
                }
            })
            .Orchestrator<int, string>("child", (context, _) => Task.FromResult(context.InstanceId)));
        Expect.Equal("chosen, once", await engine.RunAsync<string>("parent"), "the child's id, and that it cannot be taken twice");
        Expect.True(await engine.Client.GetInstanceAsync("chosen") is not null, "the child to be found by its id");
    }

    private static async Task AFailedChildIsRetriedAsAnotherInstance(EngineFixture engine)
    {
        var attempts = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", (context, input) => context.CallSubOrchestratorAsync<string>(
                "child", input, new SubOrchestrationOptions(new RetryPolicy(3, TimeSpan.FromMinutes(1)), "kid")))
            .Orchestrator<int, string>("child", async (context, _) => $"{context.InstanceId} {await context.CallActivityAsync<int>("flaky")}")
            .Activity<int, int>("flaky", Flaky));
        await engine.BeginAsync("parent", 0, "p");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(5));
        Expect.Equal("kid:3 3", await engine.OutputAsync<string>("p"), "the third child's output");

        Task<int> Flaky(ActivityContext context, int input) =>
            ++attempts < 3 ? throw new IOException("not yet") : Task.FromResult(attempts);
    }

    private static async Task AChildOfTheLongestIdIsRetriedToo(EngineFixture engine)
    {
        var id = new string('k', InstanceIds.MaxLength);
        var attempts = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", (context, input) => context.CallSubOrchestratorAsync<string>(
                "child", input, new SubOrchestrationOptions(new RetryPolicy(2, TimeSpan.FromMinutes(1)), id)))
            .Orchestrator<int, string>("child", async (context, _) => $"{context.InstanceId} {await context.CallActivityAsync<int>("flaky")}")
            .Activity<int, int>("flaky", (_, _) => ++attempts < 2 ? throw new IOException("not yet") : Task.FromResult(attempts)));
        await engine.BeginAsync("parent", 0, "p");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(5));
        Expect.True(await engine.OutputAsync<string>("p") is { } output && output.EndsWith(" 2", StringComparison.Ordinal) && !output.StartsWith(id, StringComparison.Ordinal), "the second child's output, under an id that fits");
    }

    private static async Task AChildReachesAParentThatWasRestarted(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", (context, input) => context.CallSubOrchestratorAsync<string>(
                "child", input, new SubOrchestrationOptions(InstanceId: "kid")))
            .Orchestrator<int, string>("child", (context, _) => context.WaitForExternalEvent<string>("go")));
        await engine.BeginAsync("parent", 0, "p");
        await engine.SettleAsync();
        await engine.RestartAsync();
        await engine.RaiseAsync("kid", "go", "grown");
        Expect.Equal("grown", await engine.OutputAsync<string>("p"), "the child's output");
    }

    private static async Task ATerminatedChildFailsItsParentsStep(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("parent", async (context, input) =>
            {
                try
                {
                    return await context.CallSubOrchestratorAsync<string>("child", input, new SubOrchestrationOptions(InstanceId: "kid"));
                }
                catch (TaskFailedException)
                {
                    return "bereft";
                }
            })
            .Orchestrator<int, string>("child", (context, _) => context.WaitForExternalEvent<string>("go")));
        await engine.BeginAsync("parent", 0, "p");
        await engine.SettleAsync();
        await engine.Client.TerminateInstanceAsync("kid", "why");
        Expect.Equal("bereft", await engine.OutputAsync<string>("p"), "the parent's output");
        var kid = await engine.EndAsync("kid");
        Expect.Equal("Terminated \"why\"", $"{kid.RuntimeStatus} {kid.SerializedOutput}", "the child's end");
    }

    private static async Task ChildrenFanOutAndNest(EngineFixture engine)
    {
        await engine.StartAsync(r => r.Orchestrator<int, int>("tree", async (context, depth) => depth == 0
            ? 1
            : (await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => context.CallSubOrchestratorAsync<int>("tree", depth - 1)))).Sum()));
        Expect.Equal(81, await engine.RunAsync<int>("tree", 4), "the leaves");
    }
}

using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class ChangedCodeTests
{
    private readonly List<string> ran = [];

    private delegate Task<string> Body(OrchestrationContext context);

    public static TheoryData<string, string[]> Changes => new()
    {
        { "renamed", ["history holds activity 'a' (step 1)", "asked for activity 'x' (step 1)"] },
        { "inserted", ["history holds activity 'b' (step 2)", "asked for activity 'x' (step 2)"] },
        { "inserted before the wait", ["asked for activity 'x' (step 3)"] },
        { "removed", ["history holds activity 'b' (step 2)", "asked for"] },
        { "reordered", ["history holds activity 'a' (step 1)", "asked for activity 'b' (step 1)"] },
        { "a timer now", ["history holds activity 'b' (step 2)", "asked for a timer (step 2)"] },
        { "a child now", ["history holds activity 'b' (step 2)", "asked for sub-orchestration 'child' (step 2)"] },
        { "retyped", ["cannot be read as", "another name"] },
        { "retyped, and caught", ["cannot be read as", "another name"] },
        { "random", ["history holds activity 'a' (step 1)", "asked for activity 'other-"] },
        { "orchestrator gone", ["'steps'", "no orchestrator of this name is registered"] },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task ChangedCodeIsPausedWithStepHistoryAndRemedyAndGoesOnOnceMended(string change, string[] told)
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Code(Original));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("steps", null, new StartOrchestrationOptions("live"));
        await engine.SettleAsync();

        await engine.RestartAsync(change == "orchestrator gone" ? TestRegistry.New() : Code(Changed(change)));
        await engine.Client.RaiseEventAsync("live", "go", "went");
        var paused = await engine.RestAsync("live");
        Assert.Equal(OrchestrationRuntimeStatus.Paused, paused.RuntimeStatus);
        Assert.All(told.Append("retry the instance").Where(part => !change.StartsWith("retyped", StringComparison.Ordinal) || part != "retry the instance"),
            part => Assert.Contains(part, paused.FailureDetails!.ErrorMessage, StringComparison.Ordinal));

        await engine.RestartAsync(Code(Original));
        await engine.SettleAsync();
        Assert.Equal(OrchestrationRuntimeStatus.Paused, (await engine.Client.GetInstanceAsync("live"))!.RuntimeStatus);
        await engine.Embedded.RetryInstanceAsync("live");
        var ended = await engine.EndAsync("live");
        Assert.Equal("\"a b went c\"", ended.SerializedOutput);
        Assert.Null(ended.FailureDetails);
        Assert.Equal(["a", "b", "c"], ran);
    }

    [Fact]
    public async Task AnActivityThatIsGoneWhileItIsOpenPausesItsInstance()
    {
        await using var engine = EmbeddedFixture.New();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource<string>();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("slow"))
            .Activity<int, string>("slow", (_, _) =>
            {
                entered.TrySetResult();
                return never.Task;
            }));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("one", 0, new StartOrchestrationOptions("live"));
        await entered.Task;

        await engine.RestartAsync(TestRegistry.New().Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("slow")));
        var paused = await engine.RestAsync("live");
        Assert.Equal(OrchestrationRuntimeStatus.Paused, paused.RuntimeStatus);
        Assert.Contains("activity 'slow', which is not registered", paused.FailureDetails!.ErrorMessage, StringComparison.Ordinal);

        await engine.RestartAsync(TestRegistry.New()
            .Orchestrator<int, string>("one", (context, _) => context.CallActivityAsync<string>("slow"))
            .Activity<int, string>("slow", (_, _) => "there again"));
        await engine.Embedded.RetryInstanceAsync("live");
        Assert.Equal("\"there again\"", (await engine.EndAsync("live")).SerializedOutput);
    }

    [Fact]
    public async Task AChangedInputIsAWarningAndTheRecordedOneIsUsed()
    {
        await using var engine = EmbeddedFixture.New();
        var never = new TaskCompletionSource<string>();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await engine.StartAsync(Asking("first", (_, _) =>
        {
            entered.TrySetResult();
            return never.Task;
        }));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("ask", 0, new StartOrchestrationOptions("live"));
        await entered.Task;
        await engine.RestartAsync(Asking("second", (_, input) => Task.FromResult(input)));
        var ended = await engine.EndAsync("live");
        Assert.Equal("\"first\"", ended.SerializedOutput);
        Assert.Contains(engine.Logged, line => line.Contains("activity 'echo' (step 1)", StringComparison.Ordinal) && line.Contains("recorded one was used", StringComparison.Ordinal));

        static DurableRegistry Asking(string input, Func<ActivityContext, string, Task<string>> echo) => TestRegistry.New()
            .Orchestrator<int, string>("ask", (context, _) => context.CallActivityAsync<string>("echo", input))
            .Activity("echo", echo);
    }

    private static async Task<string> Original(OrchestrationContext context)
    {
        var a = await context.CallActivityAsync<string>("a");
        var b = await context.CallActivityAsync<string>("b");
        var go = await context.WaitForExternalEvent<string>("go");
        return $"{a} {b} {go} {await context.CallActivityAsync<string>("c")}";
    }

    private static Body Changed(string change) => async context =>
    {
        switch (change)
        {
            case "renamed":
                await context.CallActivityAsync<string>("x");
                break;
            case "random":
                await context.CallActivityAsync<string>($"other-{Guid.NewGuid()}");
                break;
            case "inserted":
                await context.CallActivityAsync<string>("a");
                await context.CallActivityAsync<string>("x");
                await context.CallActivityAsync<string>("b");
                break;
            case "inserted before the wait":
                await context.CallActivityAsync<string>("a");
                await context.CallActivityAsync<string>("b");
                await context.CallActivityAsync<string>("x");
                break;
            case "removed":
                await context.CallActivityAsync<string>("a");
                break;
            case "reordered":
                await context.CallActivityAsync<string>("b");
                await context.CallActivityAsync<string>("a");
                break;
            case "a timer now":
                await context.CallActivityAsync<string>("a");
                await context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
                break;
            case "a child now":
                await context.CallActivityAsync<string>("a");
                await context.CallSubOrchestratorAsync<string>("child");
                break;
            case "retyped":
                await context.CallActivityAsync<List<int>>("a");
                break;
            case "retyped, and caught":
                try
                {
                    await context.CallActivityAsync<List<int>>("a");
                }
                catch (PayloadMismatchException)
                {
                    return "caught";
                }

                break;
        }

        return await context.WaitForExternalEvent<string>("go");
    };

    private DurableRegistry Code(Body body)
    {
        var registry = TestRegistry.New().Orchestrator<int?, string>("steps", (context, _) => body(context));
        foreach (var name in (string[])["a", "b", "c", "x"])
        {
            registry.Activity<int?, string>(name, (_, _) =>
            {
                ran.Add(name);
                return name;
            });
        }

        return registry;
    }
}

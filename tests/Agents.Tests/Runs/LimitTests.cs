using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class LimitTests
{
    private static readonly RunLimits Wide = new(100, 100, 1_000_000, TimeSpan.FromHours(10));

    [Fact]
    public Task TurnsAreLimited() => AssertReachedAsync("turns", Wide with { Turns = 3 }, calls: 3);

    [Fact]
    public Task ToolCallsAreLimitedAndATurnThatGoesOverMakesNone() => AssertReachedAsync("toolCalls", Wide with { ToolCalls = 2 }, calls: 2);

    [Fact]
    public Task TokensAreLimited() => AssertReachedAsync("tokens", Wide with { Tokens = 160 }, calls: 8);

    [Fact]
    public async Task TimeAtWorkIsLimited()
    {
        RunHarness? desk = null;
        var look = FakeTool.Reading("look");
        look.Act = async (_, _) =>
        {
            for (var i = 0; i < 5; i++)
            {
                desk!.Time.Set(desk.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
                await desk.System.SweepNowAsync(); // the engine is served all the while
            }

            return 1;
        };
        desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Call("look")), look) { Limits = Wide with { Time = TimeSpan.FromHours(1) } });
        await using var owned = desk;
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Equal(("time", 3), (run.Outcome!.Limit, look.Requests.Count));
    }

    [Fact]
    public async Task TimeDoesNotCountWaitingNorSuspensionNorDowntime()
    {
        var refund = Given.Refund();
        var model = new FakeModel(
            FakeReply.Call("refund"), FakeReply.Says("Done.").AfterFailures(1, () => new ModelException(ModelFault.Retry, "Busy.", TimeSpan.FromHours(5))));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund) { Limits = Wide with { Time = TimeSpan.FromMinutes(1) } }.Asking(Given.Held()));
        var run = await desk.RunAsync();
        await desk.AdvanceAsync(TimeSpan.FromDays(1)); // on a person
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve");
        await desk.AdvanceAsync(TimeSpan.FromDays(1)); // suspended
        var reached = desk.ReachAsync(AgentCrashPoints.ToolStarted);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await reached.Patiently();
        await desk.StopAbruptlyAsync();
        desk.Time.Advance(TimeSpan.FromDays(1)); // down, in the middle of work
        await desk.ReopenAsync();
        await desk.SettleAsync();
        await desk.AdvanceAsync(TimeSpan.FromHours(5)); // on a timer

        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(run)).Outcome?.Kind);
    }

    [Fact]
    public async Task TimeCountsWorkBesideAWait()
    {
        RunHarness? desk = null;
        var look = FakeTool.Reading("look");
        look.Act = (_, _) =>
        {
            desk!.Time.Set(desk.Time.GetUtcNow() + TimeSpan.FromMinutes(2));
            return Task.FromResult<object?>(1);
        };
        desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("refund", "{}"), ("look", "{}")), Given.Refund(), look)
        {
            Limits = Wide with { Time = TimeSpan.FromMinutes(1) },
        }.Asking(Given.Held()));
        await using var owned = desk;
        var run = await desk.RunAsync();
        Assert.Equal("waiting", (await desk.FindAsync(run)).Status);
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve");
        await desk.SettleAsync();

        Assert.Equal("time", (await desk.FindAsync(run)).Outcome?.Limit);
    }

    private static async Task AssertReachedAsync(string limit, RunLimits limits, int calls)
    {
        var look = FakeTool.Reading("look");
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Call("look")), look) { Limits = limits });
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Equal((OutcomeKinds.LimitReached, limit), (run.Outcome!.Kind, run.Outcome.Limit));
        Assert.Equal(calls, look.Requests.Count);
        Assert.True(run.Usage.InputTokens + run.Usage.OutputTokens <= limits.Tokens);
    }
}

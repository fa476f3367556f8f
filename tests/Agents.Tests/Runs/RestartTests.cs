using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class RestartTests
{
    public static TheoryData<string> Points => [.. AgentCrashPoints.All];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task AKillAtAnyPointLosesNothingAndDoublesNothing(string point)
    {
        var (look, refund) = (FakeTool.Reading("look"), Given.Refund());
        var model = new FakeModel(FakeReply.Call("look"), FakeReply.Call("refund", """{"amount":400}"""), FakeReply.Says("Done."));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, look, refund) { Options = new AgentOptions { Channels = [new FakeChannel("email")] } }.Asking(Given.Held()));
        var reached = desk.ReachAsync(point);
        var run = await desk.StartRunAsync();
        var restarted = await KilledAsync(desk, reached);
        await desk.SettleAsync();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve");
        restarted |= !restarted && await KilledAsync(desk, reached);
        await desk.SettleAsync();
        await desk.AdvanceAsync(TimeSpan.FromMinutes(2));

        Assert.True(restarted);
        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Single(refund.Keys);
        var bought = point == AgentCrashPoints.ModelReplied ? 4 : 3; // an answer that nothing has recorded is asked for again
        Assert.Equal(bought, model.Asked.Count);
    }

    [Fact]
    public async Task AModelCallThatWasKilledStaysCharged()
    {
        var turnstile = new Turnstile();
        var model = new FakeModel(FakeReply.Says("Done.") with { Before = (_, _) => turnstile.PassAsync() });
        await using var desk = await RunHarness.StartAsync(new Deployment(model));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        var held = (await desk.FindAsync(run)).Usage.HeldTokens;
        await desk.RestartAsync();
        await desk.SettleAsync();

        var usage = (await desk.FindAsync(run)).Usage;
        Assert.Equal((held, 10, 5), (usage.HeldTokens, usage.InputTokens, usage.OutputTokens));
        Assert.Equal("unsettled settled", await desk.StoredAsync<string>("""
            SELECT a.state || ' ' || b.state FROM model_attempts a JOIN model_attempts b ON a.attempt = 1 AND b.attempt = 2
            """));
    }

    [Fact]
    public async Task KilledModelCallsCountAgainstTheTokenLimit()
    {
        var turnstile = new Turnstile();
        var model = new FakeModel(FakeReply.Says("Done.") with { Before = (_, _) => turnstile.PassAsync() });
        await using var desk = await RunHarness.StartAsync(new Deployment(model) { Limits = new(5, 5, 146, TimeSpan.FromHours(1)), MaxOutputTokens = 140 });
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await desk.RestartAsync();
        await desk.SettleAsync();

        var ended = await desk.FindAsync(run);
        Assert.Equal("tokens", ended.Outcome!.Limit);
        Assert.True(ended.Usage.InputTokens + ended.Usage.OutputTokens + ended.Usage.HeldTokens <= 146);
    }

    [Fact]
    public async Task TheFirstReplyStoredWinsAndTheLaterOneIsStillPaidFor()
    {
        var turnstile = new Turnstile();
        var tool = FakeTool.Reading("look");
        var model = new FakeModel(FakeReply.Says("Late.") with
        {
            Before = async (tried, _) =>
            {
                if (tried == 1)
                {
                    await turnstile.PassAsync();
                }
            },
        });
        await using var desk = await RunHarness.StartAsync(new Deployment(model, tool));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;

        // As an engine would that delivers a step twice.
        await desk.TamperAsync("""
            INSERT INTO model_attempts (run, turn, attempt, state, held) VALUES (1, 1, 2, 'settled', 1);
            UPDATE turns SET reply = '{"parts":[{"kind":"text","text":"First."}],"model":"fake","finish":"stop"}', replied_at = 1;
            UPDATE runs SET ending = '{"kind":"completed","text":"First."}';
            """);
        turnstile.Release();
        await desk.SettleAsync();

        var ended = await desk.FindAsync(run);
        Assert.Equal(("First.", 10, 0), (ended.Output, ended.Usage.InputTokens, ended.Usage.HeldTokens));
    }

    [Fact]
    public async Task UsageThatNobodyReportsStaysCharged()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done.") with { Usage = null })));
        var usage = (await desk.FindAsync(await desk.RunAsync())).Usage;

        Assert.True(usage.HeldTokens > 100);
    }

    [Theory]
    [InlineData(5, "paused")]
    [InlineData(4, "ended")]
    public async Task TheSixthBeginOfAModelCallPauses(int begins, string status)
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        await desk.StopAbruptlyAsync();
        await desk.ReopenAsync();
        var reached = desk.ReachAsync(AgentCrashPoints.RunAccepted);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await desk.TamperAsync($"INSERT INTO turns (run, turn, begins) VALUES (1, 1, {begins})");
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal(status, (await desk.FindAsync(run)).Status);
        if (status == "paused")
        {
            await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
            await desk.SettleAsync();
            Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        }
    }

    private static async Task<bool> KilledAsync(RunHarness desk, Task reached)
    {
        if (await Task.WhenAny(reached, desk.SettleAsync()) != reached && !reached.IsCompleted)
        {
            return false;
        }

        await desk.RestartAsync();
        return true;
    }
}

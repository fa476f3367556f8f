using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tools;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class ToolCallTests
{
    [Fact]
    public async Task CallsWithoutEffectRunSideBySide()
    {
        var (one, other) = (new Turnstile(), new Turnstile());
        var (a, b) = (FakeTool.Reading("a"), FakeTool.Reading("b"));
        (a.Act, b.Act) = (one.Act, other.Act);
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("a", "{}"), ("b", "{}")), a, b));
        await desk.StartRunAsync();
        await Task.WhenAll(one.Entered, other.Entered);
        one.Release();
        other.Release();
        await desk.SettleAsync();
    }

    [Fact]
    public async Task CallsWithAnEffectKeepTheModelsOrder()
    {
        var turnstile = new Turnstile();
        var (first, second) = (FakeTool.Acting("first", true), FakeTool.Acting("second", true));
        first.Act = turnstile.Act;
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("first", "{}"), ("second", "{}")), first, second));
        await desk.StartRunAsync();
        await turnstile.Entered;
        Assert.Empty(second.Requests);
        turnstile.Release();
        await desk.SettleAsync();

        Assert.Single(second.Requests);
    }

    [Fact]
    public async Task OneThatWaitsHoldsThoseBehindItButAllAreAskedAboutAtOnce()
    {
        var (refund, other, look) = (Given.Refund(), FakeTool.Acting("other", true), FakeTool.Reading("look"));
        var model = Given.Calling(("refund", """{"amount":1}"""), ("refund", """{"amount":2}"""), ("other", "{}"), ("look", "{}"));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund, other, look).Asking(Given.Held()));
        var run = await desk.RunAsync();
        var pending = await desk.PendingAsync(run);
        Assert.Equal([0, 1], pending.Select(one => one.Index));
        Assert.Single(look.Requests);

        await desk.DecideAsync(pending[1].Id, "approve");
        await desk.SettleAsync();
        Assert.Empty(refund.Requests);
        Assert.Empty(other.Requests);

        await desk.DecideAsync(pending[0].Id, "approve");
        await desk.SettleAsync();
        Assert.Equal(["""{"amount":1,"note":"none"}""", """{"amount":2,"note":"none"}"""], refund.Requests.Select(request => request.Arguments));
        Assert.Single(other.Requests);
    }

    [Theory]
    [InlineData(AgentCrashPoints.ToolStarted)]
    [InlineData(AgentCrashPoints.ToolActed)]
    public async Task AnIdempotentCallThatWasKilledActsAgainUnderTheSameKey(string point)
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var reached = desk.ReachAsync(point);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await desk.RestartAsync();
        await desk.SettleAsync(); // the lease of the earlier process has lapsed: nothing has to be waited for

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal(point == AgentCrashPoints.ToolActed ? 2 : 1, refund.Requests.Count);
        Assert.Single(refund.Keys);
    }

    [Fact]
    public async Task ALiveLeaseOfAnotherExecutionIsWaitedFor()
    {
        var (desk, refund, _, run, approval) = await Given.AskedAsync(idempotent: false);
        await using var owned = desk;

        // An execution of this very process, as an engine has it that delivers a step twice.
        await desk.TamperAsync($"""
            UPDATE calls SET state = 'started', token = 'other', lease = {(desk.Time.GetUtcNow() + TimeSpan.FromSeconds(40)).UtcTicks},
              holder = (SELECT holder FROM engines)
            """);
        await desk.DecideAsync(approval.Id, "approve");
        await desk.AdvanceAsync(TimeSpan.FromSeconds(39));
        Assert.Empty(await desk.PendingAsync(run));

        await desk.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Equal("inDoubt", (await desk.PendingAsync(run)).Single().Kind);
        Assert.Empty(refund.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACallWhoseGateTookSoLongThatItsLeaseMayEndDuringTheActHasItAnewAndIsMade(bool idempotent)
    {
        var refund = Given.Refund(idempotent);
        RunHarness? desk = null;
        var (passings, lease) = (0, 0L);
        refund.Act = async (_, _) =>
        {
            lease = await desk!.StoredAsync<long>("SELECT lease FROM calls");
            return "paid";
        };
        var slow = new AgentOptions
        {
            CrashPoint = point =>
            {
                if (point == AgentCrashPoints.ToolStarted && ++passings <= 2)
                {
                    desk!.Time.Set(desk.Time.GetUtcNow() + TimeSpan.FromSeconds(8));
                }
            },
        };
        desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund) { Options = slow });
        await using var owned = desk;
        var run = await desk.RunAsync();

        Assert.Equal(("ended", 1, 3), ((await desk.FindAsync(run)).Status, refund.Requests.Count, passings));
        Assert.Equal((desk.Time.GetUtcNow() + refund.Timeout + RunTool.LeaseMargin).UtcTicks, lease);
        Assert.Equal(1, await desk.StoredAsync<long>("SELECT begins FROM calls"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACallWhoseRunWasCancelledOrSuspendedWhileItsGateTookSoLongIsNotMade(bool cancelled)
    {
        var refund = Given.Refund(idempotent: false);
        RunHarness? desk = null;
        var passings = 0;
        var slow = new AgentOptions
        {
            CrashPoint = point =>
            {
                if (point == AgentCrashPoints.ToolStarted && ++passings == 1)
                {
                    desk!.Time.Set(desk.Time.GetUtcNow() + TimeSpan.FromSeconds(8));
                    StopAsync().GetAwaiter().GetResult();
                }
            },
        };
        desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund) { Options = slow }.Asking(Given.Held()));
        await using var owned = desk;
        var run = await desk.RunAsync();
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve");
        await desk.SettleAsync();

        Assert.Empty(refund.Requests);
        if (cancelled)
        {
            var ended = await desk.FindAsync(run);
            Assert.Equal(("ended", OutcomeKinds.Cancelled, 0), (ended.Status, ended.Outcome!.Kind, ended.Outcome.Unknown.Count));
            return;
        }

        Assert.Equal("suspended", (await desk.FindAsync(run)).Status);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal(("ended", 1), ((await desk.FindAsync(run)).Status, refund.Requests.Count)); // on the same approval

        async Task StopAsync()
        {
            var id = (await desk!.StoredAsync<string>("SELECT id FROM runs"))!;
            await (cancelled ? desk.System.Runs.CancelAsync(RunHarness.Anna, id) : desk.System.Runs.SuspendAsync(RunHarness.Anna, id));
        }
    }

    [Fact]
    public async Task ACallThatStopsWithTheHostIsHandedToTheNextStartAndCountsAsNoFailure()
    {
        var entered = new TaskCompletionSource();
        var refund = Given.Refund();
        refund.Act = async (call, cancellation) =>
        {
            if (call.Number == 1)
            {
                entered.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            }

            return "paid";
        };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var run = await desk.StartRunAsync();
        await entered.Task;
        await desk.RestartGracefullyAsync();
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.DoesNotContain(RunEvents.ToolFailed, await desk.EventsAsync(run));
        Assert.Single(refund.Keys);
    }

    [Theory]
    [InlineData(5, "paused")]
    [InlineData(4, "ended")]
    public async Task TheSixthBeginOfACallPauses(int begins, string status)
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var reached = desk.ReachAsync(AgentCrashPoints.ToolStarted);
        var run = await desk.StartRunAsync();
        await reached.Patiently();
        await desk.TamperAsync($"UPDATE calls SET begins = {begins}");
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal(status, (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AnIdempotentCallThatKeepsFailingPausesUnderItsKeyAndRetryGoesOnWithIt()
    {
        var refund = new FakeTool("refund") { Effect = Effect.External, Idempotent = true, Retries = 2 };
        refund.Act = (call, _) => call.Number <= 3 ? throw new TimeoutException("The bank is down.") : Task.FromResult<object?>("paid");
        var model = Given.Calling("refund");
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund));
        var run = await desk.RunAsync();
        var waiting = await desk.FindAsync(run);
        Assert.Equal(("waiting", "timer"), (waiting.Status, waiting.WaitingFor!.Kind));
        Assert.Contains("The bank is down.", waiting.WaitingFor.LastFailure, StringComparison.Ordinal);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));

        var paused = await desk.FindAsync(run);
        Assert.Equal(("paused", "tool", "fault"), (paused.Status, paused.Fault!.Code, paused.WaitingFor!.Kind));
        Assert.Single(model.Asked);
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal((4, 1), (refund.Requests.Count, refund.Keys.Count));
    }

    [Fact]
    public async Task ACallWithoutEffectThatKeepsFailingIsAnErrorForTheModel()
    {
        var look = new FakeTool("look") { Retries = 1, Act = (_, _) => throw new TimeoutException("down") };
        var model = Given.Calling("look");
        await using var desk = await RunHarness.StartAsync(new Deployment(model, look));
        await desk.RunAsync();
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(2, look.Requests.Count);
        Assert.Contains("failed", model.Asked[1].Results.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADeclaredNotDoneGoesToTheModel()
    {
        var refund = Given.Refund(idempotent: false);
        refund.Act = (_, _) => throw new NotDoneException("The account is closed.");
        var model = Given.Calling("refund");
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Contains("The account is closed.", model.Asked[1].Results.Single(), StringComparison.Ordinal);
        Assert.Empty(run.Outcome!.Done);
        Assert.Empty(run.Outcome.Unknown);
    }

    [Fact]
    public async Task AResultThatIsTooLargeCountsAsDone()
    {
        var refund = Given.Refund(idempotent: false);
        refund.Act = (_, _) => Task.FromResult<object?>(new string('x', 2000));
        var model = Given.Calling("refund");
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Single(run.Outcome!.Done);
        Assert.Contains("resultNotKept", model.Asked[1].Results.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnIdempotentCallThatTimesOutIsTriedAgainUnderTheSameKey()
    {
        var turnstile = new Turnstile();
        var refund = new FakeTool("refund") { Effect = Effect.External, Idempotent = true, Retries = 1, Act = turnstile.Act };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        desk.Time.Advance(TimeSpan.FromSeconds(30));
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal((2, 1), (refund.Requests.Count, refund.Keys.Count));
    }

    [Fact]
    public async Task ACallWhoseRetryIsDueWaitsAndTheOthersWork()
    {
        var turnstile = new Turnstile();
        var failing = new FakeTool("failing") { Retries = 1 };
        failing.Act = (call, _) => call.Number == 1 ? throw new TimeoutException("down") : Task.FromResult<object?>(1);
        var slow = FakeTool.Reading("slow");
        slow.Act = turnstile.Act;
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling(("failing", "{}"), ("slow", "{}")), failing, slow));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await Patience.UntilAsync(async () => failing.Requests.Count > 0 && (await desk.FindAsync(run)).WaitingFor is not null);

        turnstile.Release();
        await desk.SettleAsync();
        var waiting = await desk.FindAsync(run);
        Assert.Equal(("waiting", "timer"), (waiting.Status, waiting.WaitingFor?.Kind)); // the other call's end does not hide this one's wait
        await desk.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }
}

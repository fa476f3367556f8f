using System.Collections.Concurrent;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>One engine that many processes serve, and that nobody serves at times.</summary>
public sealed class SharedEngineTests : IAsyncLifetime
{
    private SharedStore shared = null!;

    public async ValueTask InitializeAsync() => shared = await SharedStore.NewAsync();

    public ValueTask DisposeAsync()
    {
        shared.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALeaseOfAnotherProcessIsWaitedForAlsoByOneThatStartsNow(bool idempotent)
    {
        var turnstile = new Turnstile();
        var refund = Given.Refund(idempotent);
        refund.Act = (call, cancellation) => call.Number == 1 ? turnstile.Act(call, cancellation) : Task.FromResult<object?>(null);
        await using var hub = await HubHarness.StartAsync(new Deployment(Given.Calling("refund"), refund), shared);
        var first = await hub.StartProcessAsync();
        var run = await first.StartRunAsync();
        await turnstile.Entered;
        await hub.KillAsync(first);
        var second = await hub.StartProcessAsync(); // is handed the call at once, while the first may still be at it
        await hub.AdvanceAsync(TimeSpan.FromSeconds(44));
        Assert.Single(refund.Requests);
        Assert.Equal("running", (await second.FindAsync(run)).Status);

        await hub.AdvanceAsync(TimeSpan.FromSeconds(2));
        turnstile.Release();
        Assert.Equal(idempotent ? 2 : 1, refund.Requests.Count);
        Assert.Single(refund.Keys);
        Assert.Equal(idempotent ? "ended" : "waiting", (await second.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AProcessThatEndsIsNoLossToTheOthers()
    {
        var (deployment, refund) = Desks.Refunding();
        await using var hub = await HubHarness.StartAsync(deployment, shared);
        var first = await hub.StartProcessAsync();
        var second = await hub.StartProcessAsync();
        List<string> runs = [];
        for (var i = 0; i < 10; i++)
        {
            runs.Add(await (i % 2 == 0 ? first : second).StartRunAsync());
        }

        await hub.SettleAsync();
        await hub.KillAsync(first);
        var third = await hub.StartProcessAsync();
        foreach (var run in runs)
        {
            await third.DecideAsync(run, "approve");
        }

        await hub.SettleAsync();
        foreach (var run in runs)
        {
            Assert.Equal("ended", (await second.FindAsync(run)).Status);
        }

        Assert.Equal(10, refund.Requests.Count);
    }

    [Theory]
    [InlineData(AgentCrashPoints.RunAccepted)]
    [InlineData(AgentCrashPoints.WordStored)]
    public async Task AProcessThatDiesBetweenCommitAndRelayIsMadeUpForByTheTimerOfAnother(string point)
    {
        var (deployment, refund) = Desks.Refunding();
        await using var hub = await HubHarness.StartAsync(deployment, shared);
        var run = "";
        if (point == AgentCrashPoints.WordStored)
        {
            var before = await hub.StartProcessAsync();
            run = await before.StartRunAsync();
            await hub.SettleAsync();
            await hub.KillAsync(before);
        }

        var dying = await hub.StartProcessAsync(Desks.DyingAt(point));
        if (point == AgentCrashPoints.RunAccepted)
        {
            run = await dying.StartRunAsync();
        }
        else
        {
            await dying.DecideAsync(run, "approve");
        }

        await hub.SettleAsync();
        await hub.KillAsync(dying);
        await hub.AdvanceAsync(TimeSpan.FromHours(3)); // scaled to zero

        var fresh = await hub.StartProcessAsync();
        await hub.SettleAsync();
        Assert.NotEqual(point == AgentCrashPoints.RunAccepted ? "waiting" : "ended", (await fresh.FindAsync(run)).Status); // its start tells nothing
        await fresh.System.SweepNowAsync();
        await hub.SettleAsync();
        if (point == AgentCrashPoints.RunAccepted)
        {
            await fresh.DecideAsync(run, "approve"); // the hours without a process count for no limit
            await hub.SettleAsync();
        }

        Assert.Equal(OutcomeKinds.Completed, (await fresh.FindAsync(run)).Outcome?.Kind);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task ADecisionAtOneAppReachesARunOfAnotherThatIsScaledToZero()
    {
        var (deployment, refund) = Desks.Refunding();
        await using var release = await HubHarness.StartAsync(deployment, shared, "release");
        await using var next = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared, "next");
        var process = await release.StartProcessAsync();
        var run = await process.StartRunAsync();
        await release.SettleAsync();
        await release.KillAsync(process);

        var other = await next.StartProcessAsync();
        await other.DecideAsync(run, "approve");
        await next.SettleAsync();
        var timer = await release.StartProcessAsync();
        await timer.System.SweepNowAsync(); // its first, though the word is not a minute old
        await release.SettleAsync();

        Assert.Equal("ended", (await other.FindAsync(run)).Status);
        Assert.Single(refund.Requests);
    }

    [Fact]
    public async Task TwoProcessesThatSweepAtOnceTellOnceAndChangeNothing()
    {
        var model = Given.Calling("refund");
        var refund = Given.Refund();
        await using var hub = await HubHarness.StartAsync(new Deployment(model, refund), shared);
        var dying = await hub.StartProcessAsync(Desks.DyingAt(AgentCrashPoints.RunAccepted));
        var run = await dying.StartRunAsync();
        await hub.SettleAsync();
        await hub.KillAsync(dying);
        await hub.AdvanceAsync(TimeSpan.FromMinutes(1));
        var told = 0;
        var processes = new List<AppProcess>();
        for (var i = 0; i < 2; i++)
        {
            processes.Add(await hub.StartProcessAsync(through: client => client.Overheard((method, _) =>
                Interlocked.Add(ref told, method == "ScheduleNewOrchestrationInstanceAsync" ? 1 : 0))));
        }

        await Task.WhenAll(processes.Select(process => process.System.SweepNowAsync()));
        await hub.SettleAsync();
        Assert.Equal("ended", (await processes[0].FindAsync(run)).Status);
        Assert.Equal((1, 1, 2), (told, refund.Requests.Count, model.Asked.Count));
    }

    [Fact]
    public async Task TheSweepAsksForABoundedShareOfTheRunsThatHaveNotEndedAndForNothingThatFailedLongAgo()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        var (asked, listed) = (0, new ConcurrentBag<IReadOnlyCollection<OrchestrationRuntimeStatus>?>());
        var process = await hub.StartProcessAsync(through: client => client.Overheard((method, args) =>
        {
            if (method == "GetInstanceAsync" && args[0] is string id && id.StartsWith("run_", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref asked);
            }
            else if (method == "GetAllInstancesAsync" && args[0] is not OrchestrationQuery { InstanceIdPrefix: "holdfast-engine-" }) // the marks are few
            {
                listed.Add((args[0] as OrchestrationQuery)?.Statuses);
            }
        }));
        await shared.AddRunsAsync("hub", (2 * Sweep.Share) + 200);

        for (var sweep = 1; sweep <= 3; sweep++)
        {
            asked = 0;
            await process.System.SweepNowAsync();
            Assert.InRange(asked, 1, 2 * Sweep.Share); // a dead one is asked once more, for the cause
            Assert.Equal(Math.Min(sweep * Sweep.Share, (2 * Sweep.Share) + 200), await shared.StoredAsync<int>("SELECT COUNT(*) FROM runs WHERE status = 'paused'"));
        }

        Assert.Equal(3, listed.Count);
        Assert.All(listed, statuses => Assert.False(statuses is null || statuses.Any(OrchestrationRuntimeStatuses.IsEnded)));
    }

    [Fact]
    public async Task ATimerEndsThoughWordsAreAlwaysOnTheirWay()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        var held = new Queue<TaskCompletionSource>();
        var process = await hub.StartProcessAsync(through: client => client.Interrupted((method, args) =>
        {
            if (method == "ScheduleNewOrchestrationInstanceAsync" && args[0] is AgentRun.Name)
            {
                held.Enqueue(new TaskCompletionSource());
                return held.Last().Task;
            }

            return Task.CompletedTask;
        }));
        await process.StartRunAsync();
        await Patience.UntilAsync(() => Task.FromResult(held.Count == 1));
        var quiet = process.System.WhenQuietAsync();
        await process.StartRunAsync();
        await Patience.UntilAsync(() => Task.FromResult(held.Count == 2));
        Assert.False(quiet.IsCompleted);

        held.Dequeue().SetResult();
        await quiet.Patiently();
        held.Dequeue().SetResult();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AProcessOfAReleaseThatDrainsDoesNotPutItsRulesBackInForce(bool onOneHub)
    {
        var refund = Given.Refund();
        var strict = Desks.Refunding().Deployment; // whose refunds wait
        await using var release = await HubHarness.StartAsync(new Deployment(Given.Calling("refund"), refund), shared, "release");
        await using var other = await HubHarness.StartAsync(strict, shared, "next");
        await release.KillAsync(await release.StartProcessAsync());
        var next = onOneHub ? release : other;
        await next.KillAsync(await next.StartProcessAsync(release: strict));
        var again = await release.StartProcessAsync();
        var run = await again.StartRunAsync();
        await release.SettleAsync();

        Assert.Equal("waiting", (await again.FindAsync(run)).Status);
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task ARunThatCannotBeShownHoldsUpNeitherTheOthersNorTheRelay()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        var run = await LeftUntoldAsync(hub);
        await shared.AddRunsAsync("hub", 2);
        await shared.TamperAsync("UPDATE runs SET ending = '{' WHERE id = (SELECT MIN(id) FROM runs)");
        var process = await hub.StartProcessAsync();
        await process.System.SweepNowAsync();
        await hub.SettleAsync();

        Assert.Equal("waiting", (await process.FindAsync(run)).Status);
        Assert.Equal(1L, await shared.StoredAsync<long>("SELECT COUNT(*) FROM runs WHERE status = 'paused'"));
    }

    [Fact]
    public async Task AHubThatDoesNotListItsInstancesStillHearsItsWords()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        var run = await LeftUntoldAsync(hub);
        var process = await hub.StartProcessAsync(through: client => client.Overheard((method, _) =>
        {
            if (method == "GetAllInstancesAsync")
            {
                throw new InvalidOperationException("The list is too long.");
            }
        }));
        await Assert.ThrowsAsync<InvalidOperationException>(process.System.SweepNowAsync);
        await hub.SettleAsync();

        Assert.Equal("waiting", (await process.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AShareOfRunsThatAHubStopsAnsweringAboutIsAskedAboutAgainByTheNextSweep()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        var isAway = true;
        var process = await hub.StartProcessAsync(through: client => client.Overheard((method, args) =>
        {
            if (isAway && method == "GetInstanceAsync" && args[0] is string id && id.StartsWith("run_", StringComparison.Ordinal))
            {
                throw new EngineUnavailableException("The hub does not answer.");
            }
        }));
        await shared.AddRunsAsync("hub", Sweep.Share + 200);
        await Assert.ThrowsAsync<EngineUnavailableException>(process.System.SweepNowAsync);
        isAway = false;
        await process.System.SweepNowAsync();

        Assert.Equal(Sweep.Share, await shared.StoredAsync<int>("SELECT COUNT(*) FROM runs WHERE status = 'paused'"));
        Assert.Equal(0, await shared.StoredAsync<int>($"SELECT COUNT(*) FROM runs WHERE status = 'paused' AND run > (SELECT MIN(run) FROM runs) + {Sweep.Share - 1}"));
    }

    [Fact]
    public async Task ARunThatAHubNeverAnswersAboutHoldsUpNoOther()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        string? mute = null;
        var process = await hub.StartProcessAsync(through: client => client.Overheard((method, args) =>
        {
            if (mute is not null && method == "GetInstanceAsync" && args[0] is string id && id.StartsWith(mute, StringComparison.Ordinal))
            {
                throw new EngineUnavailableException("The hub does not answer about this one.");
            }
        }));
        await shared.AddRunsAsync("hub", Sweep.Share + 200);
        mute = await shared.StoredAsync<string>("SELECT id FROM runs ORDER BY run LIMIT 1");
        await process.System.SweepNowAsync();
        Assert.Equal(Sweep.Share - 1, await shared.StoredAsync<int>("SELECT COUNT(*) FROM runs WHERE status = 'paused'"));
        await process.System.SweepNowAsync();
        Assert.Equal(Sweep.Share + 199, await shared.StoredAsync<int>("SELECT COUNT(*) FROM runs WHERE status = 'paused'"));
    }

    /// <summary>A run whose start the hub has not heard of, a minute ago.</summary>
    private async Task<string> LeftUntoldAsync(HubHarness hub)
    {
        var dying = await hub.StartProcessAsync(Desks.DyingAt(AgentCrashPoints.RunAccepted));
        var run = await dying.StartRunAsync();
        await hub.SettleAsync();
        await hub.KillAsync(dying);
        await hub.AdvanceAsync(TimeSpan.FromMinutes(1));
        return run;
    }
}

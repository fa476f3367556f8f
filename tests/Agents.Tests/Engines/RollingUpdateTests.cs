using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>Two releases of an app on one hub: it hands what the next one began to processes of the one before as well.</summary>
public sealed class RollingUpdateTests : IAsyncLifetime
{
    private static readonly Deployment Before = new(new FakeModel(FakeReply.Says("From before.")));

    private readonly FakeTool look = FakeTool.Reading("look");
    private SharedStore shared = null!;

    public async ValueTask InitializeAsync() => shared = await SharedStore.NewAsync();

    public ValueTask DisposeAsync()
    {
        shared.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("next", "This host has no model 'next', which agent 'desk' names. It has: default.")]
    [InlineData("default", "Tool 'look' of agent 'desk' is not registered.")]
    public async Task ATurnThatNeedsWhatTheNextReleaseAddsWaitsForAProcessOfThat(string model, string lack)
    {
        await using var hub = await HubHarness.StartAsync(Before, shared);
        var before = await hub.StartProcessAsync();
        var next = new Deployment(Given.Calling("look"), look) { ModelName = model };
        var dying = await hub.StartProcessAsync(Desks.DyingAt(AgentCrashPoints.RunAccepted), release: next);
        var run = await dying.StartRunAsync();
        await hub.KillAsync(dying);
        await hub.AdvanceAsync(TimeSpan.FromMinutes(1));
        await before.System.SweepNowAsync(); // which begins the run where no process of its release is
        await hub.SettleAsync();
        var waiting = await before.FindAsync(run);
        Assert.Equal(("waiting", "timer", lack), (waiting.Status, waiting.WaitingFor?.Kind, waiting.WaitingFor?.LastFailure));
        Assert.Equal(shared.Time.GetUtcNow() + TimeSpan.FromSeconds(30), waiting.WaitingFor!.Until);

        await hub.StartProcessAsync(release: next);
        await EndsWithoutAPauseAsync(hub, before, run);
    }

    [Fact]
    public async Task ACallOfAToolThatTheNextReleaseAddsWaitsForAProcessOfThatAndKeepsItsApproval()
    {
        await using var hub = await HubHarness.StartAsync(Before, shared);
        var held = new Deployment(Given.Calling("look"), look).Asking(Given.Held(tool: "look"));
        var next = await hub.StartProcessAsync(release: held);
        var run = await next.StartRunAsync();
        await hub.SettleAsync();
        await hub.KillAsync(next);
        var before = await hub.StartProcessAsync();
        await before.DecideAsync(run, "approve");
        await hub.SettleAsync();
        var waiting = await before.FindAsync(run);
        Assert.Equal(("waiting", "timer", "Tool 'look' is not registered."), (waiting.Status, waiting.WaitingFor?.Kind, waiting.WaitingFor?.LastFailure));

        await hub.StartProcessAsync(release: held);
        await EndsWithoutAPauseAsync(hub, before, run);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACallThatAProcessOfTheNextReleaseHadStartedIsCarriedToItsEndByAnotherOfThat(bool cancelled)
    {
        var turnstile = new Turnstile();
        var refund = Given.Refund();
        refund.Act = turnstile.Act;
        var acting = new Deployment(Given.Calling("refund"), refund);
        await using var hub = await HubHarness.StartAsync(Before, shared);
        var next = await hub.StartProcessAsync(release: acting);
        var run = await next.StartRunAsync();
        await turnstile.Entered;
        await hub.KillAsync(next);
        var before = await hub.StartProcessAsync(); // is handed the call, and waits for its lease
        await ServeAsync(hub, before, TimeSpan.FromMinutes(2));
        Assert.Equal(("waiting", "Tool 'refund' is not registered."), ((await before.FindAsync(run)).Status, (await before.FindAsync(run)).WaitingFor?.LastFailure));
        Assert.Equal(1L, await shared.StoredAsync<long>("SELECT COUNT(*) FROM runs WHERE active_since IS NULL")); // the wait counts for no limit
        if (cancelled)
        {
            await before.System.Runs.CancelAsync(RunHarness.Anna, run);
            await ServeAsync(hub, before, TimeSpan.FromMinutes(2));
            Assert.Null((await before.FindAsync(run)).Outcome); // it may be out, so it is not given up while another can finish it
        }

        await hub.StartProcessAsync(release: acting);
        await ServeAsync(hub, before, TimeSpan.FromMinutes(5));
        turnstile.Release();
        var outcome = (await before.FindAsync(run)).Outcome!;
        Assert.Equal((cancelled ? OutcomeKinds.Cancelled : OutcomeKinds.Completed, 1, 0), (outcome.Kind, outcome.Done.Count, outcome.Unknown.Count));
        Assert.Equal((2, 1), (refund.Requests.Count, refund.Keys.Count));
    }

    [Fact]
    public async Task WhatNoProcessHasPausesTheRunOnceNoUpdateCanBeUnderWayAndARetryBeginsAnew()
    {
        await using var hub = await HubHarness.StartAsync(Before, shared);
        var next = await hub.StartProcessAsync(release: new Deployment(Given.Calling("look"), look).Asking(Given.Held(tool: "look")));
        var run = await next.StartRunAsync();
        await hub.SettleAsync();
        await hub.KillAsync(next);
        var before = await hub.StartProcessAsync();
        await before.DecideAsync(run, "approve");
        await ServeAsync(hub, before, TimeSpan.FromMinutes(74));
        Assert.Equal("waiting", (await before.FindAsync(run)).Status);

        await ServeAsync(hub, before, TimeSpan.FromMinutes(2));
        var paused = await before.FindAsync(run);
        Assert.Equal("paused", paused.Status);
        Assert.Equal("Tool 'look' is not registered. Bring it back, then retry the run.", paused.Fault?.Message);

        await before.System.Runs.RetryAsync(RunHarness.Anna, run);
        await hub.SettleAsync();
        Assert.Equal("waiting", (await before.FindAsync(run)).Status);
    }

    private async Task EndsWithoutAPauseAsync(HubHarness hub, AppProcess process, string run)
    {
        await ServeAsync(hub, process, TimeSpan.FromMinutes(5));
        Assert.Equal(OutcomeKinds.Completed, (await process.FindAsync(run)).Outcome?.Kind);
        Assert.Single(look.Requests);
        Assert.DoesNotContain(RunEvents.Paused, (await process.System.Queries.EventsAsync(RunHarness.Anna, run, 0))!.Items.Select(one => one.Type));
    }

    /// <summary>Time in which a timer says once a minute that the hub is served.</summary>
    private static async Task ServeAsync(HubHarness hub, AppProcess process, TimeSpan time)
    {
        for (var minute = 0; minute < time.TotalMinutes; minute++)
        {
            await hub.AdvanceAsync(TimeSpan.FromMinutes(1));
            await process.System.SweepNowAsync();
            await hub.SettleAsync();
        }
    }
}

using Holdfast.Agents.Engines;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>An engine that is gone for good, and what becomes of its runs.</summary>
public sealed class RetirementTests : IAsyncLifetime
{
    private readonly Turnstile turnstile = new();
    private readonly FakeTool refund = Given.Refund(idempotent: false);
    private SharedStore shared = null!;
    private RunHarness here = null!;
    private RunHarness there = null!;

    public async ValueTask InitializeAsync()
    {
        shared = await SharedStore.NewAsync();
        here = await RunHarness.StartAsync(Desks.Refunding().Deployment, shared);
        there = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), refund).Asking(Given.HeldOver(100)), shared);
    }

    public async ValueTask DisposeAsync()
    {
        turnstile.Release();
        await here.DisposeAsync();
        await there.DisposeAsync();
        shared.Dispose();
    }

    [Fact]
    public async Task ItsRunsEndAsLostAndWhatHadStartedIsUnknownAndAskedAbout()
    {
        var asked = await there.RunAsync();
        refund.Act = turnstile.Act;
        var started = await there.StartRunAsync();
        await there.SettleAsync();
        await there.DecideAsync((await there.PendingAsync(started)).Single().Id, "approve");
        await turnstile.Entered;
        var engine = await LostAsync();

        Assert.Equal(new EngineRetired(2, 0), await here.System.Engines.RetireAsync(engine, "root"));
        foreach (var run in new[] { asked, started })
        {
            var outcome = (await here.FindAsync(run)).Outcome!;
            Assert.Equal(OutcomeKinds.Failed, outcome.Kind);
            Assert.StartsWith($"engineLost: Engine {engine} was retired at 2026-01-01T00:10:00Z by root", outcome.Cause, StringComparison.Ordinal);
            Assert.Equal(run == started ? [new CallRef("refund", 1, 0)] : [], outcome.Unknown);
        }

        var question = Assert.Single(await here.PendingAsync(started));
        Assert.Equal("inDoubt", question.Kind);
        Assert.Empty(await here.PendingAsync(asked));
        Assert.Equal(0L, await shared.StoredAsync<long>("SELECT (SELECT COUNT(*) FROM wakes) + (SELECT COUNT(*) FROM calls WHERE lease IS NOT NULL)"));

        await here.DecideAsync(question.Id, "happened");
        await here.System.SweepNowAsync();
        Assert.Equal([new CallRef("refund", 1, 0)], (await here.FindAsync(started)).Outcome!.Done);
        Assert.Equal(0L, await shared.StoredAsync<long>("SELECT COUNT(*) FROM wakes")); // the word about it is for nobody
    }

    [Fact]
    public async Task ACallWithoutEffectThatHadStartedIsNotUnknownAndHoldsNothing()
    {
        var run = await there.RunAsync();
        await shared.TamperAsync("UPDATE calls SET effect = 0, state = 'started', lease = 1");
        await here.System.Engines.RetireAsync(await LostAsync(), "root");

        Assert.Empty((await here.FindAsync(run)).Outcome!.Unknown);
        Assert.Equal(0L, await shared.StoredAsync<long>("SELECT COUNT(*) FROM calls WHERE lease IS NOT NULL"));
    }

    [Fact]
    public async Task ItsOpenQuestionsStayOpen()
    {
        refund.Act = (_, _) => throw new InvalidOperationException("The line went dead.");
        var run = await there.RunAsync();
        await there.DecideAsync((await there.PendingAsync(run)).Single().Id, "approve");
        await there.SettleAsync();
        var question = (await there.PendingAsync(run)).Single();
        await here.System.Engines.RetireAsync(await LostAsync(), "root");

        Assert.Equal("pending", (await here.ApprovalAsync(question.Id)).Status);
        Assert.Equal([new CallRef("refund", 1, 0)], (await here.FindAsync(run)).Outcome!.Unknown);
    }

    [Fact]
    public async Task WhatWasDecidedBeforeStaysDecided()
    {
        var run = await there.RunAsync();
        await there.StopAbruptlyAsync();
        await here.System.Runs.CancelAsync(RunHarness.Anna, run);
        await here.System.Engines.RetireAsync(await LostAsync(), "root");

        Assert.Equal(OutcomeKinds.Cancelled, (await here.FindAsync(run)).Outcome!.Kind);
    }

    [Fact]
    public async Task AnEngineThatWasSeenAMomentAgoIsRefusedUnlessForced()
    {
        var run = await there.RunAsync();
        var engine = there.Engine.Identity.Id;
        shared.Time.Advance(TimeSpan.FromSeconds(299));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => here.System.Engines.RetireAsync(engine, "root"));
        Assert.Equal(Refusal.Conflict, refused.Refusal);
        Assert.Contains("was seen at 2026-01-01T00:00:00Z, so a process serves it", refused.Message, StringComparison.Ordinal);
        Assert.Contains("with --force yes it is retired now", refused.Message, StringComparison.Ordinal);
        Assert.Equal("waiting", (await here.FindAsync(run)).Status);

        Assert.Equal(1, (await here.System.Engines.RetireAsync(engine, "root", force: true)).Ended);
        Assert.Equal("ended", (await here.FindAsync(run)).Status);
    }

    [Fact]
    public async Task OneThatDoesNotExistIsRefusedWithThoseThatDo()
    {
        var refused = await Assert.ThrowsAsync<RefusedException>(() => here.System.Engines.RetireAsync("nobody", "root"));
        Assert.Equal(Refusal.NotFound, refused.Refusal);
        Assert.Contains(here.Engine.Identity.Id, refused.Message, StringComparison.Ordinal);

        using var empty = await SharedStore.NewAsync();
        using var store = await empty.OpenAsync();
        refused = await Assert.ThrowsAsync<RefusedException>(() => EngineRoster.Of(store, new AgentOptions { Time = empty.Time }, NullLoggerFactory.Instance).RetireAsync("nobody", "root"));
        Assert.Equal("There is no engine 'nobody'. None has served this store yet.", refused.Message);
    }

    [Fact]
    public async Task AProcessThatStillServesItPassesNoGateTakesNoRunAndEnds()
    {
        var run = await there.RunAsync();
        await Assert.ThrowsAsync<KilledException>(() => RetireAsync(there.Engine.Identity.Id, "root", AgentCrashPoints.EngineBarred, force: true));
        await there.DecideAsync((await there.PendingAsync(run)).Single().Id, "approve");
        await there.SettleAsync();

        Assert.Empty(refund.Requests);
        Assert.Contains("was retired at", (await there.System.Failed).Message, StringComparison.Ordinal);
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => there.StartRunAsync()));
    }

    [Theory]
    [InlineData(AgentCrashPoints.EngineBarred, true)]
    [InlineData(AgentCrashPoints.LostRunEnded, true)]
    [InlineData(AgentCrashPoints.EngineBarred, false)]
    [InlineData(AgentCrashPoints.LostRunEnded, false)]
    public async Task AKillOnTheWayIsMadeUpForByTheSameCommandOrByTheSweepOfAnother(string point, bool command)
    {
        for (var run = 0; run < 3; run++)
        {
            await there.RunAsync();
        }

        var engine = await LostAsync();
        await Assert.ThrowsAsync<KilledException>(() => RetireAsync(engine, "root", point));
        Assert.InRange(await shared.StoredAsync<long>("SELECT COUNT(*) FROM runs WHERE ended_at IS NULL"), point == AgentCrashPoints.EngineBarred ? 3 : 0, 3);
        if (command)
        {
            await RetireAsync(engine, "another");
        }
        else
        {
            await here.System.SweepNowAsync();
        }

        var view = Assert.Single(await here.System.Engines.ListAsync(), view => view.Id == engine);
        Assert.Equal((0L, "root"), (view.LiveRuns, view.RetiredBy));
        Assert.Empty(await here.System.Engines.DegradedAsync());
    }

    [Fact]
    public async Task ThousandsOfRunsEndPageByPage()
    {
        await there.RunAsync();
        var engine = await LostAsync();
        await shared.AddRunsAsync(engine, 1200);
        Assert.Equal(new EngineRetired(1201, 0), await RetireAsync(engine, "root"));
    }

    [Fact]
    public async Task ARunThatCannotBeEndedHoldsUpNoOther()
    {
        var damaged = await there.RunAsync();
        await shared.TamperAsync("UPDATE runs SET ending = '{', version = 'none'");
        await there.StopAbruptlyAsync();
        await there.ReopenAsync();
        await there.RunAsync();

        Assert.Equal(new EngineRetired(1, 1), await RetireAsync(await LostAsync(), "root"));
        Assert.NotEqual("ended", (await here.FindAsync(damaged)).Status);
        Assert.Contains("have not ended yet", Assert.Single(await here.System.Engines.DegradedAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunOfARetiredEngineThatHasNotEndedYetSaysSo()
    {
        var run = await there.RunAsync();
        var engine = there.Engine.Identity.Id;
        await Assert.ThrowsAsync<KilledException>(() => RetireAsync(engine, "root", AgentCrashPoints.EngineBarred, force: true));

        var waiting = (await here.FindAsync(run)).WaitingFor!;
        Assert.Equal(("engine", $"Engine {engine} was retired at 2026-01-01T00:00:00Z by root."), (waiting.Kind, waiting.LastFailure));
        Assert.Contains($"retire it again: engines retire {engine}", waiting.Next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItIsNotStartedAgainButANewOneInItsPlaceIs()
    {
        await here.System.Engines.RetireAsync(await LostAsync(), "root");
        var error = await Assert.ThrowsAsync<StoresApartException>(() => there.ReopenAsync());
        Assert.Contains("was retired at", error.Message, StringComparison.Ordinal);
        Assert.Contains("Move engine.db away", error.Message, StringComparison.Ordinal);

        foreach (var file in Directory.GetFiles(there.Data, "engine.db*"))
        {
            File.Delete(file);
        }

        await there.ReopenAsync();
        Assert.Equal("waiting", (await there.FindAsync(await there.RunAsync())).Status);
    }

    [Fact]
    public async Task ASharedEngineThatIsRetiredEndsWhatItStillHasAndTakesNothingMore()
    {
        var (deployment, tool) = Desks.Refunding();
        await using var hub = await HubHarness.StartAsync(deployment, shared);
        var process = await hub.StartProcessAsync();
        var run = await process.StartRunAsync();
        await hub.SettleAsync();
        await Assert.ThrowsAsync<KilledException>(() => RetireAsync("hub", "root", AgentCrashPoints.EngineBarred, force: true));
        await process.DecideAsync(run, "approve");
        await hub.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(tool.Requests); // no gate opens
        Assert.Equal("running", (await process.FindAsync(run)).Status);

        await here.System.SweepNowAsync();
        await hub.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(OutcomeKinds.Failed, (await process.FindAsync(run)).Outcome?.Kind);
        var instance = await hub.Engine.Client.GetInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken);
        Assert.True(instance!.IsCompleted); // what was tried again and again has come to its end
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => process.StartRunAsync()));
        var error = await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync());
        Assert.Contains("Name a task hub that has not been used", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheListSaysOfEachEngineWhatItIsAndHowItIs()
    {
        await using var hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
        await hub.StartProcessAsync();
        await there.RunAsync();
        await there.RunAsync();
        await LostAsync();

        var engines = (await here.System.Engines.ListAsync()).ToDictionary(engine => engine.Id);
        Assert.Equal(3, engines.Count);
        Assert.Equal(("shared", "the scheduler's hub", 0L), (engines["hub"].Kind, engines["hub"].Location, engines["hub"].LiveRuns));
        var lost = engines[there.Engine.Identity.Id];
        Assert.Equal(("held", there.Data, 2L, shared.Time.GetUtcNow() - TimeSpan.FromMinutes(10)), (lost.Kind, lost.Location, lost.LiveRuns, lost.SeenAt));
        Assert.Null(lost.RetiredAt);
        Assert.NotEmpty(lost.Version);
    }

    private async Task<EngineRetired> RetireAsync(string engine, string by, string? dyingAt = null, bool force = false)
    {
        using var store = await shared.OpenAsync();
        return await EngineRoster.Of(store, new AgentOptions { Time = shared.Time, CrashPoint = dyingAt is null ? static _ => { } : Desks.DyingAt(dyingAt) }, NullLoggerFactory.Instance).RetireAsync(engine, by, force);
    }

    /// <summary>Stops the other engine for ten minutes, which is for long.</summary>
    private async Task<string> LostAsync()
    {
        var engine = there.Engine.Identity.Id;
        await there.StopAbruptlyAsync();
        shared.Time.Advance(TimeSpan.FromMinutes(10));
        return engine;
    }
}

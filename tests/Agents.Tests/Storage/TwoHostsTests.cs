using Holdfast.Agents.Engines;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>Two hosts with an engine each on one store: what they do at once has one order.</summary>
public sealed class TwoHostsTests
{
    [PostgresFact]
    public async Task OneIdempotencyKeyIsOneRunHoweverManyAskAtBoth()
    {
        await using var one = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))));
        await using var two = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))), one.Database);
        for (var round = 0; round < 10; round++)
        {
            var started = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() =>
                (n % 2 == 0 ? one : two).System.Runs.StartAsync(RunHarness.Anna, new RunSubmission(Deployment.AgentName, "Do it."), $"key-{round}"))));
            Assert.Single(started.Select(run => run.Id).Distinct());
            Assert.Single(started, run => run.IsNew);
        }
    }

    [PostgresFact]
    public async Task ApproveAtOneRacingRejectAtTheOtherHasOneWinner()
    {
        var (one, refund, _, _, first) = await Given.AskedAsync();
        await using var owned = one;
        await using var two = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))), one.Database);
        var approved = 0;
        for (var round = 0; round < 10; round++)
        {
            var approval = round == 0 ? first.Id : (await one.PendingAsync(await one.RunAsync())).Single().Id;
            var outcomes = await Task.WhenAll(
                Task.Run(() => RefusalOfAsync(() => one.DecideAsync(approval, "approve"))), Task.Run(() => RefusalOfAsync(() => two.DecideAsync(approval, "reject"))));
            Assert.Single(outcomes, outcome => outcome is null);
            Assert.Single(outcomes, outcome => outcome == Refusal.Conflict);
            approved += outcomes[0] is null ? 1 : 0;
            await one.AdvanceAsync(TimeSpan.FromMinutes(1));
            await one.System.SweepNowAsync(); // what the other decided
            await one.SettleAsync();
        }

        Assert.Equal(approved, refund.Requests.Count);
    }

    [PostgresFact]
    public async Task ADecisionRacingACancelAtTheOtherRunsNothingAfterTheCancel()
    {
        var (one, refund, _, _, _) = await Given.AskedAsync();
        await using var owned = one;
        await using var two = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))), one.Database);
        for (var round = 0; round < 10; round++)
        {
            var run = await one.RunAsync();
            var approval = (await one.PendingAsync(run)).Single().Id;
            var before = refund.Requests.Count;
            await Task.WhenAll(Task.Run(() => RefusalOfAsync(() => one.DecideAsync(approval, "approve"))), Task.Run(() => two.System.Runs.CancelAsync(RunHarness.Anna, run)));
            await one.SettleAsync();
            await one.AdvanceAsync(TimeSpan.FromMinutes(1));
            await one.System.SweepNowAsync();
            await one.SettleAsync();
            var ended = await one.FindAsync(run);
            Assert.Equal("ended", ended.Status);
            Assert.Equal(ended.Outcome!.Done.Count, refund.Requests.Count - before);
        }
    }

    [PostgresFact]
    public async Task ATakeoverWaitsForTheGatesThatAreUnderWay()
    {
        using var store = await (await StoreUnderTest.NewAsync()).OpenAsync("", TimeProvider.System);
        var engine = new HeldEngine("engine", 0, "here", () => Task.CompletedTask);
        var hold = await EngineRegistration.TakeAsync(store, engine, new AgentOptions());
        var (passing, pass) = (new TaskCompletionSource(), new TaskCompletionSource());
        var gate = store.WriteAsync(async tx =>
        {
            await hold.CheckAsync(tx);
            passing.SetResult();
            await pass.Task;
            return true;
        });
        await passing.Task.Patiently();
        var takeover = EngineRegistration.TakeAsync(store, engine with { Epoch = 1 }, new AgentOptions());
        await Patience.UntilAsync(async () => takeover.IsCompleted || await IsBlockedAsync(store));
        Assert.False(takeover.IsCompleted);
        pass.SetResult();
        await Task.WhenAll(gate, takeover).Patiently();

        await Assert.ThrowsAsync<EngineLostException>(() => store.WriteAsync(async tx =>
        {
            await hold.CheckAsync(tx);
            return true;
        }));
    }

    [PostgresFact]
    public async Task TheHeartbeatDoesNotWaitForGates()
    {
        using var held = new HeldStatement("INSERT INTO turns");
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))), (await StoreUnderTest.NewAsync()).SeenBy(held.Seen));
        held.Arm();
        var run = await desk.StartRunAsync();
        await held.Reached; // past the gate's lock
        desk.Time.Advance(TimeSpan.FromMinutes(1));
        await desk.System.SweepNowAsync().Patiently();
        held.Release();
        await desk.SettleAsync();

        Assert.Equal(("ended", 1), ((await desk.FindAsync(run)).Status, held.Times));
        Assert.Equal(desk.Time.GetUtcNow().UtcTicks, await desk.StoredAsync<long>("SELECT heartbeat FROM engines"));
    }

    [PostgresFact]
    public async Task ARetirementWaitsForARunThatIsBeingAccepted()
    {
        using var held = new HeldStatement("INSERT INTO runs");
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))), (await StoreUnderTest.NewAsync()).SeenBy(held.Seen));
        held.Arm();
        var accepted = Task.Run(() => desk.StartRunAsync());
        await held.Reached; // it has seen that the engine is not retired
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        var retired = EngineRoster.Of(store, new AgentOptions { Time = desk.Time }, NullLoggerFactory.Instance).RetireAsync(desk.Engine.Identity.Id, "root", force: true);
        await Patience.UntilAsync(async () => retired.IsCompleted || await IsBlockedAsync(store));
        held.Release();
        await Task.WhenAll(accepted, retired).Patiently();

        Assert.Equal(OutcomeKinds.Failed, (await desk.FindAsync(await accepted)).Outcome?.Kind);
    }

    [PostgresFact]
    public async Task AForcedRetirementIsDoneAlsoWhereAGateIsAlwaysUnderWay()
    {
        using var store = await (await StoreUnderTest.NewAsync()).OpenAsync("", TimeProvider.System);
        var hold = await EngineRegistration.TakeAsync(store, new HeldEngine("engine", 0, "here", () => Task.CompletedTask), new AgentOptions());
        await RetireBusyAsync(store, "engine", tx => hold.CheckAsync(tx));
    }

    [PostgresFact]
    public async Task AForcedRetirementIsDoneAlsoWhereARunIsAlwaysBeingAccepted()
    {
        using var store = await (await StoreUnderTest.NewAsync()).OpenAsync("", TimeProvider.System);
        var hold = await EngineRegistration.TakeAsync(store, new HeldEngine("engine", 0, "here", () => Task.CompletedTask), new AgentOptions());
        await RetireBusyAsync(store, "engine", hold.RefuseLostAsync);
    }

    [PostgresFact]
    public async Task ARunThatIsTurnedAwayHoldsNothingThatARetirementWaitsFor()
    {
        using var store = await (await StoreUnderTest.NewAsync()).OpenAsync("", TimeProvider.System);
        var hold = await EngineRegistration.TakeAsync(store, new HeldEngine("engine", 0, "here", () => Task.CompletedTask), new AgentOptions());
        var engines = EngineRoster.Of(store, new AgentOptions(), NullLoggerFactory.Instance);
        await engines.RetireAsync("engine", "root", force: true);
        await store.WriteAsync(async tx =>
        {
            await Assert.ThrowsAsync<RefusedException>(() => hold.RefuseLostAsync(tx));
            await engines.RetireAsync("engine", "root").Patiently(); // the same again, while that transaction goes on
            return true;
        });
    }

    /// <summary>Retires an engine at which each gate stays until the next one is passed, until one is turned away.</summary>
    private static async Task RetireBusyAsync(AgentStore store, string engine, Func<StoreTransaction, Task> gate)
    {
        var isTurnedAway = false;
        var (passed, left) = (NewSource(), NewSource());
        List<Task> all = [PassAsync(passed, left.Task)];
        await passed.Task.Patiently();
        var retired = EngineRoster.Of(store, new AgentOptions(), NullLoggerFactory.Instance).RetireAsync(engine, "root", force: true);
        while (!retired.IsCompleted && !isTurnedAway)
        {
            var before = left;
            (passed, left) = (NewSource(), NewSource());
            all.Add(PassAsync(passed, left.Task));
            await passed.Task.Patiently();
            before.SetResult();
        }

        left.SetResult();
        await Task.WhenAll([.. all, retired]).Patiently();
        Assert.True(isTurnedAway);

        async Task PassAsync(TaskCompletionSource passed, Task leave)
        {
            try
            {
                await store.WriteAsync(async tx =>
                {
                    await gate(tx);
                    passed.TrySetResult();
                    await leave;
                    return true;
                });
            }
            catch (Exception e) when (e is EngineLostException or RefusedException)
            {
                isTurnedAway = true;
                passed.TrySetResult();
            }
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether a session that has begun something with this store's engines waits for another's lock.</summary>
    private static async Task<bool> IsBlockedAsync(AgentStore store) => await store.ReadAsync(tx => tx.FirstAsync<long>(
        "SELECT COUNT(*) FROM pg_locks WHERE relation = CAST('engines' AS regclass) AND cardinality(pg_blocking_pids(pid)) > 0")) > 0;

    private static async Task<Refusal?> RefusalOfAsync(Func<Task> request)
    {
        try
        {
            await request();
            return null;
        }
        catch (RefusedException e)
        {
            return e.Refusal;
        }
    }
}

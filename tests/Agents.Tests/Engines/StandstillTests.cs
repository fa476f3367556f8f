using System.Globalization;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>What a run's time limit makes of a time in which nobody serves its engine.</summary>
public sealed class StandstillTests
{
    [Fact]
    public async Task HoursWithoutAProcessDoNotCountAlsoWhereWorkGoesOnBeforeTheTimer()
    {
        using var shared = await SharedStore.NewAsync();
        var turnstile = new Turnstile();
        var look = FakeTool.Reading("look");
        look.Act = turnstile.Act;
        await using var hub = await HubHarness.StartAsync(new Deployment(Given.Calling("look"), look), shared);
        var first = await hub.StartProcessAsync();
        var run = await first.StartRunAsync();
        await turnstile.Entered;
        await hub.KillAsync(first);
        await hub.AdvanceAsync(TimeSpan.FromHours(3));
        var second = await hub.StartProcessAsync();
        await hub.AdvanceAsync(TimeSpan.FromMinutes(2)); // the hub hands out what it has, and nothing has been swept
        turnstile.Release();

        Assert.Equal(OutcomeKinds.Completed, (await second.FindAsync(run)).Outcome?.Kind);
    }

    [Fact]
    public async Task HoursInWhichAHostReachesNoStoreDoNotCountAlsoWhereWorkGoesOnBeforeTheSweep()
    {
        RunHarness? desk = null;
        var look = FakeTool.Reading("look");
        look.Act = (_, _) =>
        {
            desk!.Time.Set(desk.Time.GetUtcNow() + TimeSpan.FromHours(3));
            return Task.FromResult<object?>(1);
        };
        desk = await RunHarness.StartAsync(new Deployment(Given.Calling("look"), look));
        await using var owned = desk;

        Assert.Equal(OutcomeKinds.Completed, (await desk.FindAsync(await desk.RunAsync())).Outcome?.Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AllRunsOfAnEngineAreSeenToPageByPageAndAKillOnTheWayLosesNothing(bool isStart)
    {
        var (pages, dieAt) = (0, 2);
        void Seen(string sql, object? args)
        {
            if (sql.StartsWith("UPDATE runs SET active = active +", StringComparison.Ordinal) && ++pages == dieAt)
            {
                throw new KilledException("the second page");
            }
        }

        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done."))), (await StoreUnderTest.NewAsync()).SeenBy(Seen));
        var engine = desk.Engine.Identity.Id;
        var began = desk.Time.GetUtcNow().UtcTicks;
        await desk.TamperAsync(string.Create(CultureInfo.InvariantCulture, $"""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {(2 * Standstill.Page) + 1})
            INSERT INTO runs (id, tenant, agent, version, model, input, requested_by, created_by, created_at, engine, generation, status, active_since)
            SELECT 'run_0000000000000000000' || (1000000 + i), 'acme', 'desk', 'v', 'fake', 'Do it.', 'anna', 'anna', 0, '{engine}', 1, 'queued', {began} FROM n;
            UPDATE engines SET heartbeat = {began + TimeSpan.TicksPerMinute}
            """));
        await (isStart ? desk.StopAbruptlyAsync() : Task.CompletedTask);
        for (var absence = 0; absence < 2; absence++)
        {
            desk.Time.Advance(TimeSpan.FromDays(1));
            var back = isStart ? desk.ReopenAsync() : desk.System.SweepNowAsync();
            await (absence == 0 ? Assert.ThrowsAsync<KilledException>(() => back) : back);
        }

        Assert.Equal(2 + 3, pages);
        Assert.Equal(0L, await desk.StoredAsync<long>(string.Create(CultureInfo.InvariantCulture,
            $"SELECT COUNT(*) FROM runs WHERE active <> {TimeSpan.TicksPerMinute} OR (active_since <> {desk.Time.GetUtcNow().UtcTicks})")));
    }
}

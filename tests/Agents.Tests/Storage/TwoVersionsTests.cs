using Holdfast.Agents.Engines;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Engines;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>Two releases on one store: one drains while the next is in service.</summary>
public sealed class TwoVersionsTests
{
    private static readonly IReadOnlyList<Migration> Expanded =
        [.. AgentSchema.Migrations, new Migration(AgentSchema.Version + 1, AgentSchema.Migrations.Max(one => one.Oldest), "ALTER TABLE runs ADD COLUMN mood TEXT; ALTER TABLE approvals ADD COLUMN mood TEXT;")];

    private static readonly IReadOnlyList<Migration> Contracted =
        [.. Expanded, new Migration(AgentSchema.Version + 2, AgentSchema.Version + 1, "ALTER TABLE runs DROP COLUMN reasoning_tokens;")];

    [PostgresFact]
    public async Task AReleaseThatExpandsAndTheOneBeforeItServeSideBySide()
    {
        var (old, refund, _, run, approval) = await Given.AskedAsync();
        await using var owned = old;
        for (var i = 0; i < 5; i++)
        {
            await old.RunAsync(); // its statements are prepared by now
        }

        await using var next = await RunHarness.StartAsync(Next(), old.Database.KnownAs(Expanded));
        var after = await old.RunAsync(); // on prepared statements whose tables have changed
        Assert.Equal("waiting", (await old.FindAsync(after)).Status);
        Assert.Equal("ended", (await next.FindAsync(await next.RunAsync())).Status);

        await next.DecideAsync(approval.Id, "approve"); // at the next release, about a run of the one before
        await old.AdvanceAsync(TimeSpan.FromMinutes(1));
        await old.System.SweepNowAsync();
        await old.SettleAsync();
        Assert.Equal("ended", (await old.FindAsync(run)).Status);
        Assert.Single(refund.Requests);

        await old.RestartAsync(); // also one that starts again finds a store that it can use
        Assert.Equal("waiting", (await old.FindAsync(after)).Status);
        Assert.Equal(AgentSchema.Version + 1, await old.StoredAsync<long>("SELECT version FROM holdfast_schema"));
    }

    [PostgresFact]
    public async Task WhatAnOlderHostNeedsIsNotTakenAwayUnderItsRuns()
    {
        var (old, _, _, run, approval) = await Given.AskedAsync();
        await using var owned = old;
        var error = await Assert.ThrowsAsync<StoreRefusedException>(() => RunHarness.StartAsync(Next(), old.Database.KnownAs(Contracted)));
        Assert.Contains($"is served by a release of version {AgentSchema.Version}, has 1 runs that have not ended", error.Message, StringComparison.Ordinal);
        Assert.Contains(old.Data, error.Message, StringComparison.Ordinal);
        Assert.Contains($"if it is this host's own, start a release of schema version {AgentSchema.Version + 1} first", error.Message, StringComparison.Ordinal);
        Assert.Contains("in The store's connection string", error.Message, StringComparison.Ordinal);

        // Nothing was changed by that, not even what only expands.
        Assert.Equal(AgentSchema.Version, await old.StoredAsync<long>("SELECT version FROM holdfast_schema"));
        await old.DecideAsync(approval.Id, "approve");
        await old.SettleAsync();
        Assert.Equal("ended", (await old.FindAsync(run)).Status);

        // Nothing is left of it, but it could take another.
        error = await Assert.ThrowsAsync<StoreRefusedException>(() => RunHarness.StartAsync(Next(), old.Database.KnownAs(Contracted)));
        Assert.Contains($"was seen at {Times.Show(old.Time.GetUtcNow().UtcTicks)}, served by a release of version {AgentSchema.Version}", error.Message, StringComparison.Ordinal);
        await old.TamperAsync($"UPDATE engines SET heartbeat = heartbeat - {EngineHold.Absence.Ticks}");
        await using var next = await RunHarness.StartAsync(Next(), old.Database.KnownAs(Contracted));
        Assert.Equal(AgentSchema.Version + 2, await next.StoredAsync<long>("SELECT version FROM holdfast_schema"));
    }

    [PostgresFact]
    public async Task ARunThatAnOlderHostIsJustAcceptingKeepsWhatItNeeds()
    {
        using var held = new HeldStatement("INSERT INTO runs");
        await using var old = await RunHarness.StartAsync(Next(), (await StoreUnderTest.NewAsync()).SeenBy(held.Seen));
        await old.TamperAsync($"UPDATE engines SET heartbeat = heartbeat - {EngineHold.Absence.Ticks}");
        held.Arm();
        var accepted = Task.Run(() => old.StartRunAsync());
        await held.Reached;
        var contraction = old.Database.KnownAs(Contracted).OpenAsync(old.Data, old.Time);
        await Patience.UntilAsync(async () => contraction.IsCompleted || await old.StoredAsync<long>("SELECT COUNT(*) FROM pg_locks WHERE NOT granted") > 0);
        held.Release();
        var run = await accepted.Patiently();

        Assert.Contains("has 1 runs that have not ended", (await Assert.ThrowsAsync<StoreRefusedException>(() => contraction).Patiently()).Message, StringComparison.Ordinal);
        await old.SettleAsync();
        Assert.Equal("ended", (await old.FindAsync(run)).Status);
    }

    [PostgresFact]
    public async Task OnlyAHostOlderThanTheOldestOneRefuses()
    {
        var database = await StoreUnderTest.NewAsync();
        await using (await RunHarness.StartAsync(Next(), database.KnownAs(Contracted)))
        {
        }

        var error = await Assert.ThrowsAsync<StoreRefusedException>(() => RunHarness.StartAsync(Next(), database));
        Assert.Contains($"has schema version {AgentSchema.Version + 2} and takes hosts that know version {AgentSchema.Version + 1} or later; this release knows versions up to {AgentSchema.Version}. It has been left untouched. Run the newer release, or name another database in The store's connection string.", error.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task OfASharedEngineTheVersionIsThatOfItsLastStartOrSweep()
    {
        using var shared = await SharedStore.NewAsync();
        await using var hub = await HubHarness.StartAsync(Next(), shared);
        await hub.StartProcessAsync();
        Assert.Equal(AgentSchema.Version, await VersionAsync());
        using var next = await shared.Database.KnownAs(Expanded).OpenAsync("", shared.Time);
        var engine = new SharedEngine("hub", "the scheduler's hub", hub.Engine.Client) { EngineData = "the hub", StoreData = "the store" };
        await EngineRegistration.TakeAsync(next, engine, new AgentOptions());
        Assert.Equal(AgentSchema.Version + 1, await VersionAsync());

        shared.Time.Advance(TimeSpan.FromHours(1)); // where its count grows
        using var before = await shared.OpenAsync();
        await EngineRegistration.TakeAsync(before, engine, new AgentOptions());
        Assert.Equal(AgentSchema.Version, await VersionAsync());

        Task<long> VersionAsync() => shared.StoredAsync<long>("SELECT schema_version FROM engines WHERE id = 'hub'");
    }

    private static Deployment Next() => new(new FakeModel(FakeReply.Says("Done.")));
}

using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Audit;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Engines;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Agents.Tests.Storage;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>Many words at once, and words beside the clock, a cancel, a kill and another host: one holds, and the others are told which.</summary>
public sealed class RaceTests
{
    private static readonly Principal[] Managers = [Staff.Mia, Staff.Max, Staff.Pat];
    private static readonly ApprovalAsk Manager = new() { Stages = [new(["role:manager"])], Edit = ["amount"], Expires = TimeSpan.FromDays(3) };

    [Fact]
    public async Task AHundredDifferentWordsAtOnceHaveOneWinnerAndTheOthersAreToldWhoAndWhat()
    {
        var (desk, refund, run, approval) = await Staff.AskedAsync(Manager);
        await using var owned = desk;
        var told = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => Task.Run(() => SayAsync(desk.System, approval.Id, n))));
        await desk.SettleAsync();
        Judge(approval.Id, told, await desk.ApprovalAsync(approval.Id), refund);
        Assert.Equal(100, await desk.StoredAsync<long>("SELECT COUNT(*) FROM audit WHERE entry LIKE '%approval.decision%'"));
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        await VerifyAsync(desk);
    }

    [Fact]
    public async Task AHundredWordsAtTwoProcessesOfOneAppHaveOneWinner()
    {
        var refund = Given.Refund();
        var deployment = new Deployment(Given.Calling("refund", """{"amount":400}"""), refund) { People = Staff.People }.Asking(new ApprovalRule("refund", [], Manager));
        using var shared = await SharedStore.NewAsync();
        await using var hub = await HubHarness.StartAsync(deployment, shared);
        AppProcess[] processes = [await hub.StartProcessAsync(), await hub.StartProcessAsync()];
        var run = await processes[0].StartRunAsync();
        await hub.SettleAsync();
        var approval = (await processes[0].FindAsync(run)).Approvals.Single();
        var told = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => Task.Run(() => SayAsync(processes[n % 2].System, approval, n))));
        await hub.SettleAsync();
        Judge(approval, told, (await processes[1].System.Queries.FindApprovalAsync(RunHarness.Anna, approval))!, refund);
        Assert.Equal(100, await shared.StoredAsync<long>("SELECT COUNT(*) FROM audit WHERE entry LIKE '%approval.decision%'"));
        using var store = await shared.OpenAsync();
        Assert.True((await new AuditLog(store).VerifyAsync("acme")).IsWhole);
    }

    [Fact]
    public async Task AQuorumThatManyFillAtOnceIsFilledOnce()
    {
        for (var round = 0; round < 10; round++)
        {
            var (desk, refund, _, approval) = await Staff.AskedAsync(Manager with { Stages = [new(["role:manager"], 2), new(["role:finance"])] });
            await using var owned = desk;
            var told = await Task.WhenAll(Managers.Append(Staff.Fay).Select(who => Task.Run(() => RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", who)))));
            await desk.SettleAsync();
            var votes = (await desk.ApprovalAsync(approval.Id)).Votes;
            Assert.Equal(told.Count(refused => refused is null), votes.Count);
            Assert.Equal(votes.Any(vote => vote.By == "fay") || votes.Count == 3 ? 1 : 0, refund.Requests.Count);
            await VerifyAsync(desk);
        }
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, Refusal.Gone)]
    [InlineData(1, Refusal.Gone)]
    public async Task TheTickOfTheExpiryIsTheFirstThatIsTooLate(int ticks, Refusal? expected)
    {
        var (desk, refund, _, approval) = await Staff.AskedAsync(Manager);
        await using var owned = desk;
        desk.Time.Advance(approval.ExpiresAt!.Value.AddTicks(ticks) - desk.Time.GetUtcNow()); // the timer has rung, and nobody has heard it yet
        Assert.Equal(expected, (await RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Staff.Mia)))?.Refusal);
        await desk.SettleAsync();
        Assert.Equal(expected is null ? 1 : 0, refund.Requests.Count);
        Assert.Equal(expected is null ? "approved" : "expired", (await desk.ApprovalAsync(approval.Id)).Status);
    }

    [Fact]
    public async Task ADecisionRacingTheExpiryIsTakenOrGoneAndNeverBoth()
    {
        for (var round = 0; round < 10; round++)
        {
            var (desk, refund, _, approval) = await Staff.AskedAsync(Manager);
            await using var owned = desk;
            desk.Time.Advance(approval.ExpiresAt!.Value.AddTicks(-1) - desk.Time.GetUtcNow());
            var decided = Task.Run(() => RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Staff.Mia)));
            desk.Time.Advance(TimeSpan.FromTicks(1));
            var refused = await decided;
            await desk.SettleAsync();
            Assert.True(refused is null or { Refusal: Refusal.Gone }, refused?.Message);
            Assert.Equal(refused is null ? ("approved", 1) : ("expired", 0), ((await desk.ApprovalAsync(approval.Id)).Status, refund.Requests.Count));
            await VerifyAsync(desk);
        }
    }

    [Fact]
    public async Task ADecisionRacingACancelRunsOnlyWhatHadPassedItsGate()
    {
        for (var round = 0; round < 10; round++)
        {
            var (desk, refund, run, approval) = await Staff.AskedAsync(Manager);
            await using var owned = desk;
            var decided = Task.Run(() => RefusedAsync(() => desk.DecideAsync(approval.Id, "approve", Staff.Mia)));
            await Task.Run(() => desk.System.Runs.CancelAsync(RunHarness.Anna, run));
            var refused = await decided;
            await desk.SettleAsync();
            var after = await desk.ApprovalAsync(approval.Id);
            Assert.Equal(after.ConsumedAt is null ? 0 : 1, refund.Requests.Count);
            Assert.True(refused is null || after.Status == "void", after.Status);
            Assert.True(after.ConsumedAt is not null || after.Note!.Contains("anna cancelled the run.", StringComparison.Ordinal), after.Note);
            Assert.Equal(0, await desk.StoredAsync<long>("SELECT COUNT(*) FROM waits"));
        }
    }

    [Fact]
    public async Task WordsThatAKillMeetsAreTakenOrNotAndSaidAgainHaveOneOutcome()
    {
        for (var round = 0; round < 5; round++)
        {
            var (desk, refund, run, approval) = await Staff.AskedAsync(Manager);
            await using var owned = desk;
            var words = Enumerable.Range(0, 20).Select(n => Task.Run(async () =>
            {
                try
                {
                    await SayAsync(desk.System, approval.Id, n);
                }
                catch (ObjectDisposedException)
                {
                    // The process ended under it.
                }
            })).ToList();
            await desk.RestartAsync();
            await Task.WhenAll(words);
            var told = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => SayAsync(desk.System, approval.Id, n))));
            await desk.SettleAsync();
            Judge(approval.Id, told, await desk.ApprovalAsync(approval.Id), refund);
            Assert.Equal("ended", (await desk.FindAsync(run)).Status);
            await VerifyAsync(desk);
        }
    }

    [Fact]
    public async Task ADecisionRacingTheRetirementOfItsEngineIsVoidOrToldThatItIs()
    {
        for (var round = 0; round < 5; round++)
        {
            using var shared = await SharedStore.NewAsync();
            var refund = Given.Refund();
            var deployment = new Deployment(Given.Calling("refund", """{"amount":400}"""), refund) { People = Staff.People }.Asking(new ApprovalRule("refund", [], Manager));
            await using var lost = await RunHarness.StartAsync(deployment, shared);
            await using var here = await RunHarness.StartAsync(deployment, shared);
            var run = await lost.RunAsync();
            var approval = (await lost.PendingAsync(run)).Single();
            await lost.StopAbruptlyAsync();
            var decided = Task.Run(() => RefusedAsync(() => here.DecideAsync(approval.Id, "approve", Staff.Mia)));
            await Task.Run(() => here.System.Engines.RetireAsync(lost.Engine.Identity.Id, "root", force: true));
            var refused = await decided;
            await here.SettleAsync();
            var after = await here.ApprovalAsync(approval.Id);
            Assert.True(refused is null or { Refusal: Refusal.Conflict }, refused?.Message);
            Assert.Equal(("void", refused is null), (after.Status, after.Note!.StartsWith("Approved, not executed.", StringComparison.Ordinal)));
            Assert.Empty(refund.Requests);
            Assert.Equal(0, await shared.StoredAsync<long>("SELECT COUNT(*) FROM waits"));
        }
    }

    [Fact]
    public async Task APlaceLearnsWhatWasDecidedWhileItWasBeingAsked()
    {
        var turnstile = new Turnstile();
        var teams = new FakeChannel("teams", isShared: true) { Before = _ => turnstile.PassAsync() };
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), Given.Refund())
        {
            People = Staff.People, Options = new AgentOptions { Channels = [teams] },
        }.Asking(new ApprovalRule("refund", [], Manager)));
        var run = await desk.StartRunAsync();
        await turnstile.Entered;
        await desk.DecideAsync((await desk.PendingAsync(run)).Single().Id, "approve", Staff.Mia);
        turnstile.Release();
        await desk.SettleAsync();
        Assert.Equal([MessageKind.Request, MessageKind.Outcome], teams.Sent.Select(message => message.Kind));
    }

    [PostgresFact]
    public async Task PeopleWhoAreReplacedWhileTheyAreReadAreReadAnew()
    {
        using var held = new HeldStatement("SELECT content FROM documents");
        var deployment = new Deployment(Given.Calling("refund"), Given.Refund()) { People = Staff.People }.Asking(new ApprovalRule("refund", [], Manager));
        await using var one = await RunHarness.StartAsync(deployment, (await StoreUnderTest.NewAsync()).SeenBy(held.Seen));
        var run = await one.RunAsync();
        var approval = (await one.PendingAsync(run)).Single();
        await using var two = await RunHarness.StartAsync(deployment with { People = new([.. Staff.People.All.Skip(1)]) }, one.Database);
        held.Arm();
        var decided = Task.Run(() => one.DecideAsync(approval.Id, "approve", Staff.Mia));
        await held.Reached;
        await two.RestartAsync(before => before with { People = Staff.People });
        held.Release();
        Assert.Equal("approved", (await decided.Patiently()).Status);
    }

    /// <summary>One of three people approves, rejects or edits, each edit another.</summary>
    /// <returns>The record, or why not.</returns>
    private static async Task<(ApprovalView? Record, RefusedException? Refused)> SayAsync(AgentSystem system, string approval, int n)
    {
        var kind = new[] { "approve", "reject", "edit" }[n / 3 % 3];
        var arguments = kind == "edit" ? JsonDocument.Parse($$"""{"amount":{{100 + n}}}""").RootElement : (JsonElement?)null;
        try
        {
            return (await system.Decisions.DecideAsync(Managers[n % 3], approval, new Decision(kind, Arguments: arguments)), null);
        }
        catch (RefusedException refused)
        {
            return (null, refused);
        }
    }

    private static void Judge(string id, (ApprovalView? Record, RefusedException? Refused)[] told, ApprovalView after, FakeTool refund)
    {
        Assert.Single(told.Where(one => one.Record is not null).Select(one => (one.Record!.Status, one.Record.DecidedBy, one.Record.DecidedAt, one.Record.SupersededBy)).Distinct());
        Assert.All(told.Where(one => one.Refused is not null), one =>
        {
            Assert.Equal(Refusal.Conflict, one.Refused!.Refusal);
            Assert.StartsWith(after.SupersededBy is { } next ? $"This was asked anew as {next}." : $"{after.DecidedBy} decided '{after.Decision}' at ", one.Refused.Message, StringComparison.Ordinal);
        });
        Assert.Equal((id, after.Decision == "reject" ? 0 : 1), (after.Id, refund.Requests.Count));
        Assert.Single(after.Votes);
    }

    private static async Task<RefusedException?> RefusedAsync(Func<Task> request)
    {
        try
        {
            await request();
            return null;
        }
        catch (RefusedException refused)
        {
            return refused;
        }
    }

    private static async Task VerifyAsync(RunHarness desk)
    {
        await desk.StopAbruptlyAsync();
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        var report = await new AuditLog(store).VerifyAsync("acme");
        Assert.True(report.IsWhole, report.Message);
    }
}

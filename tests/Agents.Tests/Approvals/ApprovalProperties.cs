using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Audit;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>Whatever people, clocks, kills and changes of the rules do in whatever order: a call has one outcome, and runs as it was approved or not at all.</summary>
public sealed class ApprovalProperties
{
    private enum What
    {
        Approve,
        Reject,
        Edit,
        Skip,
        Restart,
        Kill,
        Suspend,
        Resume,
        Cancel,
        Retry,
        Settle,
    }

    private static readonly string[] Voters = ["mia", "root", "max", "fay", "pat", "cyd", "anna"];

    private static readonly People[] Changes =
    [
        Staff.People,
        new([.. Staff.People.All.Where(person => person.Id is not ("mia" or "pat"))]),
        new([.. Staff.People.All.Select(person => person.Id == "mia" ? person with { Roles = ["finance"] } : person)]),
        new([.. Staff.People.All.Where(person => !person.Roles.Contains("finance"))]),
    ];

    private static readonly string[] Points =
    [
        AgentCrashPoints.WordStored, AgentCrashPoints.AskingSettled, AgentCrashPoints.MessageSent, AgentCrashPoints.ToolStarted, AgentCrashPoints.ToolActed,
        AgentCrashPoints.ToolRecorded, AgentCrashPoints.RunClosed,
    ];

    private static readonly Gen<ApprovalStage> Stage =
        from who in Gen.Elements("role:manager", "role:finance", "role:manager,role:finance", "user:mia", "group:chiefs", "role:board")
        from of in Gen.Frequency((4, Gen.Constant(1)), (2, Gen.Constant(2)))
        select new ApprovalStage(who.Split(','), of);

    private static readonly Gen<ApprovalRule> Rule =
        from count in Gen.Choose(1, 3)
        from stages in Stage.ListOf(count)
        from requester in Gen.Elements<bool?>(null, true, false)
        from valid in Gen.Elements<int?>(null, null, 1, 30)
        from onReject in Gen.Elements<OnReject?>(null, OnReject.Continue, OnReject.End)
        from escalation in Gen.Elements<Escalation?>(null, new(["group:chiefs"], TimeSpan.FromDays(1)), new(["role:finance"], null))
        from over in Gen.Elements(0m, 0m, 300m)
        select Given.HeldOver(over) with
        {
            Ask = new()
            {
                Stages = [.. stages], RequesterMayDecide = requester, ValidFor = valid is { } hours ? TimeSpan.FromHours(hours) : null, OnReject = onReject, Edit = ["amount"],
                Expires = TimeSpan.FromDays(3), Escalation = escalation, OnExpire = escalation is { After: null } ? OnExpire.Escalate : null,
            },
        };

    private static readonly Gen<Act> Acts =
        from what in Gen.Frequency(
            (9, Gen.Constant(What.Approve)), (1, Gen.Constant(What.Reject)), (2, Gen.Constant(What.Edit)), (2, Gen.Constant(What.Skip)), (2, Gen.Constant(What.Restart)),
            (3, Gen.Constant(What.Kill)), (1, Gen.Constant(What.Suspend)), (2, Gen.Constant(What.Resume)), (1, Gen.Constant(What.Cancel)), (1, Gen.Constant(What.Retry)), (2, Gen.Constant(What.Settle)))
        from who in Gen.Elements(Voters)
        from call in Gen.Choose(0, 1)
        from number in Gen.Choose(0, 59)
        select new Act(what, who, call, number);

    private static readonly Gen<Story> Stories =
        from own in Rule.NonEmptyListOf().Select(rules => rules.Take(2).ToArray())
        from other in Rule.ListOf(2)
        from acts in Acts.ListOf(16)
        select new Story(own, [.. other], [.. acts]);

    [Fact]
    public void AnyOrderOfWhatPeopleAndClocksAndKillsDoHasOneOutcomeForEachCallByTheRulesAtItsGate() =>
        Prop.ForAll(Stories.ToArbitrary(), story => TryAsync(story).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(Torture.Rounds(60, 2000)));

    private static async Task<bool> TryAsync(Story story)
    {
        await using var tale = await Tale.BeginAsync(story);
        foreach (var act in story.Acts)
        {
            await tale.DoAsync(act);
        }

        await tale.EndAsync();
        return true;
    }

    private sealed record Act(What What, string Who, int Call, int Number);

    private sealed record Story(ApprovalRule[] Own, ApprovalRule[] Other, Act[] Acts)
    {
        public override string ToString() => JsonSerializer.Serialize(new { Own = Own.Select(Show), Other = Other.Select(Show), Acts = Acts.Select(act => act.ToString()) });

        private static string Show(ApprovalRule rule) => JsonSerializer.Serialize(new { rule.When, rule.Ask });
    }

    /// <summary>One story as it goes.</summary>
    private sealed class Tale : IAsyncDisposable
    {
        private readonly Story story;
        private readonly RunHarness desk;
        private readonly FakeTool refund;
        private readonly HashSet<int> judged = [];
        private People people = Staff.People;
        private IReadOnlyList<ApprovalRule> now;
        private IReadOnlyList<ApprovalRule> beside = [];
        private string run = "";
        private int attempts;

        private Tale(Story story, RunHarness desk, FakeTool refund) => (this.story, this.desk, this.refund, now) = (story, desk, refund, story.Own);

        public static async Task<Tale> BeginAsync(Story story)
        {
            var refund = Given.Refund();
            var model = Given.Calling(("refund", """{"amount":200}"""), ("refund", """{"amount":400}"""));
            var desk = await RunHarness.StartAsync(new Deployment(model, refund) { People = Staff.People, Options = new AgentOptions { Channels = [new FakeChannel("email")] } }.Asking(story.Own));
            return new Tale(story, desk, refund) { run = await desk.RunAsync() };
        }

        public async Task DoAsync(Act act)
        {
            if (act.What == What.Kill)
            {
                // It is killed where it passes the point because of the word, if it does.
                var reached = desk.ReachAsync(Points[act.Number % Points.Length]);
                await SayAsync(act with { What = act.Number % 10 == 0 ? What.Cancel : act.Number % 10 == 1 ? What.Resume : What.Approve });
                await Task.WhenAny(reached, desk.SettleAsync());
                await desk.RestartAsync();
            }
            else if (act.What == What.Restart)
            {
                await ChangeAsync(act.Number);
            }
            else if (act.What == What.Settle)
            {
                await desk.SettleAsync();
            }
            else if (act.What == What.Skip)
            {
                await desk.AdvanceAsync(act.Number < 30 ? TimeSpan.FromHours(2) : act.Number < 50 ? TimeSpan.FromHours(26) : TimeSpan.FromHours(74));
            }
            else
            {
                await SayAsync(act);
            }
        }

        /// <summary>People tidy up, and time goes by: the run ends, and everything is judged.</summary>
        public async Task EndAsync()
        {
            for (var times = 0; times < 5; times++)
            {
                await desk.SettleAsync();
                await SayAsync(new Act(What.Resume, "", 0, 0));
                await SayAsync(new Act(What.Retry, "", 0, 0));
                await desk.AdvanceAsync(TimeSpan.FromDays(3.5));
            }

            await desk.SettleAsync();
            var ended = await desk.FindAsync(run);
            Assert.True(ended.Status == "ended", $"It is {ended.Status}: {ended.Fault?.Message} {ended.WaitingFor?.Who}");
            await desk.System.SweepNowAsync();
            await desk.SettleAsync();
            Assert.Equal(0, await desk.StoredAsync<long>("SELECT COUNT(*) FROM wakes"));
            await JudgeAsync();
        }

        public ValueTask DisposeAsync() => desk.DisposeAsync();

        private async Task SayAsync(Act act)
        {
            try
            {
                await (act.What switch
                {
                    What.Suspend => desk.System.Runs.SuspendAsync(RunHarness.Anna, run),
                    What.Resume => desk.System.Runs.ResumeAsync(RunHarness.Anna, run),
                    What.Cancel => desk.System.Runs.CancelAsync(RunHarness.Anna, run),
                    What.Retry => desk.System.Runs.RetryAsync(RunHarness.Anna, run),
                    What.Edit => DecideAsync(act, "edit", $$"""{"amount":{{new[] { 100, 250, 350, 600 }[act.Number % 4]}}}"""),
                    What.Reject => DecideAsync(act, "reject"),
                    _ => DecideAsync(act, "approve"),
                });
            }
            catch (RefusedException)
            {
                // A state may forbid it; then nothing has changed.
            }
        }

        private async Task DecideAsync(Act act, string decision, string? arguments = null)
        {
            List<string> rounds = [];
            foreach (var id in (await desk.FindAsync(run)).Approvals)
            {
                if ((await desk.ApprovalAsync(id)).Index == act.Call)
                {
                    rounds.Add(id);
                }
            }

            // A yes is tried by one after the other, until somebody's is taken: else most words would be of people who have nothing to say here.
            var from = Array.IndexOf(Voters, act.Who);
            var words = rounds.Count == 0 ? [] : decision == "approve" ? Voters[from..].Concat(Voters[..from]).ToList() : [act.Who];
            foreach (var who in words)
            {
                try
                {
                    attempts++;
                    await desk.DecideAsync(act.Number % 7 == 0 ? rounds[0] : rounds[^1], decision, new Principal(who, "acme", who == "root" ? [Roles.Approve, Roles.Admin] : [Roles.Approve]), arguments: arguments);
                    return;
                }
                catch (RefusedException refused)
                {
                    // Not theirs to say, or too late: then nothing has changed. What is no decision on it is no attempt.
                    attempts -= refused.Field == "decision" ? 1 : 0;
                }
            }
        }

        /// <summary>Another host, with other people or rules. Everything that has passed its gate until then is judged by those that held.</summary>
        private async Task ChangeAsync(int number)
        {
            await desk.StopAbruptlyAsync();
            await JudgeAsync();
            (people, now, beside) = (number % 6) switch
            {
                0 => (people, now, beside),
                1 => (Changes[number / 6 % Changes.Length], now, beside),
                2 => (Staff.People, now, beside),
                3 => (people, story.Other, beside),
                4 => (people, now, story.Other[..1]),
                _ => (people, story.Own, []),
            };
            await desk.RestartAsync(deployment => deployment with { People = people, Policies = new([.. beside]), Approvals = now });
        }

        private async Task JudgeAsync()
        {
            await desk.StopAbruptlyAsync();
            using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
            var (row, calls, approvals, votes, strays, unseen, tried) = await store.ReadAsync(async tx => (
                (await tx.FirstAsync<RunRow>("SELECT * FROM runs"))!, await tx.ListAsync<CallRow>("SELECT * FROM calls ORDER BY idx"), await tx.ListAsync<ApprovalRow>("SELECT * FROM approvals ORDER BY id"),
                (await tx.ListAsync<VoteRow>("SELECT * FROM votes")).ToLookup(vote => vote.Approval),
                await tx.FirstAsync<long>("SELECT COUNT(*) FROM waits WHERE approval NOT IN (SELECT id FROM approvals WHERE state = 'pending')"),
                await tx.FirstAsync<long>("SELECT COUNT(*) FROM approvals WHERE state = 'pending' AND id NOT IN (SELECT approval FROM waits)"),
                await tx.FirstAsync<long>("SELECT COUNT(*) FROM audit WHERE entry LIKE '%approval.decision%'")));
            foreach (var call in calls)
            {
                var key = Calls.KeyOf(row.Id, call);
                var acted = refund.Requests.Where(request => request.Key == key).Select(request => request.Arguments).Distinct().ToList();
                var rounds = approvals.Where(approval => approval.Idx == call.Idx && approval.Kind == ApprovalKinds.Approval).ToList();
                var passed = rounds.Where(round => round.ConsumedAt is not null).ToList();
                Assert.True(passed.Count + rounds.Count(round => round.State is "rejected" or "expired") <= 1, $"Call {call.Idx} has two outcomes: {string.Join(", ", rounds.Select(round => round.State))}.");
                if (call.Token is null)
                {
                    Assert.Empty(acted);
                }
                else if (judged.Add(call.Idx))
                {
                    Judge(row, call, passed.SingleOrDefault(), votes);
                }

                Assert.All(acted, arguments => Assert.Equal(passed.SingleOrDefault()?.Arguments ?? call.Arguments, arguments));
            }

            Assert.All(calls.Where(call => call.State == CallStates.Done), call => Assert.Contains(Calls.KeyOf(row.Id, call), refund.Keys));
            Assert.True(refund.Keys.Count <= calls.Count);
            Assert.Equal((0, 0, attempts), (strays, unseen, tried));
            var report = await new AuditLog(store).VerifyAsync("acme");
            Assert.True(report.IsWhole, report.Message);
        }

        /// <summary>A call that has passed its gate since the last judgement: by the rules that it began with and those that held.</summary>
        private void Judge(RunRow row, CallRow call, ApprovalRow? approval, ILookup<string, VoteRow> votes)
        {
            var arguments = approval?.Arguments ?? call.Arguments!;
            var amount = JsonDocument.Parse(arguments).RootElement.GetProperty("amount").GetDecimal();
            var own = Applying(story.Own, amount).Concat(ReferenceEquals(now, story.Own) ? [] : Applying(now, amount)).ToList();
            var judge = new VoteJudge(people, own, Applying(beside, amount));
            if (own.Count + Applying(beside, amount).Count == 0)
            {
                return;
            }

            Assert.True(approval is not null, $"Call {call.Idx} passed without an approval.");
            Assert.True(approval.State == "approved" && approval.Arguments == call.Arguments && !(row.CancelledAt < approval.ConsumedAt), $"Call {call.Idx} passed with an approval that is {approval.State}.");
            var yes = votes[approval.Id].Where(vote => vote.Decision == "approve").Select(vote => vote.Voter).ToList();
            var decided = approval.DecidedAt!.Value;
            var misses = judge.Misses(yes, new TimeSpan(decided - approval.RequestedAt), approval.EscalatedAt is not null, new TimeSpan(approval.ConsumedAt!.Value - decided));
            Assert.True(misses is null, string.Create(CultureInfo.InvariantCulture, $"Call {call.Idx} of {amount} passed with the yes of {string.Join(", ", yes)}: {misses}."));
        }

        private static List<ApprovalAsk> Applying(IReadOnlyList<ApprovalRule> rules, decimal amount) =>
            [.. rules.Where(rule => rule.When.All(condition => condition.Comparisons.All(one => amount > one.Value.GetDecimal()))).Select(rule => rule.Ask!)];
    }
}

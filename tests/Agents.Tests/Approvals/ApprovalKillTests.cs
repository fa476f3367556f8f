using Holdfast.Agents.Audit;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>
/// One approval from its asking to its end, killed between each pair of its steps: its message written and told, sent and recorded; each word stored and
/// told; the asking settled and told; the call begun, acted, recorded; the run closed.
/// </summary>
public sealed class ApprovalKillTests
{
    private static readonly Dictionary<string, (ApprovalAsk Ask, (string Decision, Principal Who)[] Words, int Amount)> Stories = new()
    {
        ["one stage"] = (new() { Stages = [new(["role:manager"])] }, [("approve", Staff.Mia)], 400),
        ["two stages"] = (new() { Stages = [new(["role:manager"]), new(["role:finance"])] }, [("approve", Staff.Mia), ("approve", Staff.Fay)], 400),
        ["a quorum"] = (new() { Stages = [new(["role:manager"], 2)] }, [("approve", Staff.Mia), ("approve", Staff.Max)], 400),
        ["an edit"] = (new() { Stages = [new(["role:manager"])], Edit = ["amount"] }, [("edit", Staff.Mia)], 300),
        ["an edit under two stages"] = (new() { Stages = [new(["role:manager"]), new(["role:finance"])], Edit = ["amount"] }, [("approve", Staff.Max), ("edit", Staff.Fay), ("approve", Staff.Mia)], 300),
        ["a rejection"] = (new() { Stages = [new(["role:manager"])] }, [("reject", Staff.Mia)], 0),
    };

    public static TheoryData<string, string> Kills
    {
        get
        {
            var kills = new TheoryData<string, string>();
            // Every other one on PostgreSQL: what differs there is how a step commits, not which steps there are.
            foreach (var story in Stories.Keys.Where((_, i) => Torture.IsOn || !StoreUnderTest.IsPostgres || i % 2 == 0))
            {
                foreach (var point in AgentCrashPoints.All)
                {
                    kills.Add(story, point);
                }
            }

            return kills;
        }
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task AKillThereLosesNoWordAndNoMessageAndRunsItOnce(string story, string point)
    {
        var hits = 0;
        var (ask, words, amount) = Stories[story];
        for (var times = 0; times < Torture.Rounds(1, 10); times++)
        {
            for (var step = 0; step <= words.Length; step++)
            {
                hits += await KilledAsync(ask, words, amount, point, step, twice: times % 2 == 1) ? 1 : 0;
            }
        }

        // A rejected call is not begun; all else comes by each point.
        Assert.True(hits > 0 || (amount == 0 && point.StartsWith("agents.tool", StringComparison.Ordinal)), $"{point} was never reached.");
    }

    /// <param name="step">Before which word the kill is armed; at 0 before the run.</param>
    /// <returns>Whether the point was reached.</returns>
    private static async Task<bool> KilledAsync(ApprovalAsk ask, (string Decision, Principal Who)[] words, int amount, string point, int step, bool twice)
    {
        var refund = Given.Refund();
        var mail = new FakeChannel("email");
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund", """{"amount":400}"""), refund)
        {
            People = Staff.People, Options = new AgentOptions { Channels = [mail] },
        }.Asking(new ApprovalRule("refund", [], ask)));
        var reached = false;
        var run = "";
        await StepAsync(0, async () => run = await desk.StartRunAsync());
        for (var word = 0; word < words.Length; word++)
        {
            var (decision, who) = words[word];
            var open = (await desk.PendingAsync(run)).Single();
            await StepAsync(word + 1, () => desk.DecideAsync(open.Id, decision, who, arguments: decision == "edit" ? """{"amount":300}""" : null));

            // Whoever was not answered says it again: the same word is the same record.
            await desk.DecideAsync(open.Id, decision, who, arguments: decision == "edit" ? """{"amount":300}""" : null);
            await desk.SettleAsync();
        }

        Assert.Equal("completed", (await desk.FindAsync(run)).Outcome?.Kind);
        Assert.Equal(amount == 0 ? 0 : 1, refund.Keys.Count);
        Assert.All(refund.Requests, request => Assert.Equal($$"""{"amount":{{amount}},"note":"none"}""", request.Arguments));
        Assert.True(refund.Requests.Count <= 1 || point is AgentCrashPoints.ToolActed, $"{refund.Requests.Count} requests.");
        Assert.Equal(amount == 0 ? 0 : 1, await desk.StoredAsync<long>("SELECT COUNT(*) FROM approvals WHERE consumed_at IS NOT NULL"));
        Assert.Equal((0, 0, 0), (await desk.StoredAsync<long>("SELECT COUNT(*) FROM wakes"), await desk.StoredAsync<long>("SELECT COUNT(*) FROM waits"), await desk.StoredAsync<long>("SELECT COUNT(*) FROM messages WHERE state NOT IN ('sent', 'void')")));

        // Each message that was sent has reached its recipient, and more than once only under its one id and link.
        Assert.Equal(await desk.StoredAsync<long>("SELECT COUNT(*) FROM messages WHERE state = 'sent'"), mail.Sent.Select(message => message.Id).Distinct().Count());
        Assert.All(mail.Sent.GroupBy(message => message.Id), copies => Assert.Single(copies.Select(copy => (copy.Link, copy.To.Single().Id)).Distinct()));
        Assert.Contains(mail.Sent, message => message.To.Single().Id == "mia");
        await desk.StopAbruptlyAsync();
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        Assert.True((await new AuditLog(store).VerifyAsync("acme")).IsWhole);
        return reached;

        async Task StepAsync(int at, Func<Task> act)
        {
            if (at != step)
            {
                await act();
                await desk.SettleAsync();
                return;
            }

            var kill = desk.ReachAsync(point);
            await act();
            await Task.WhenAny(kill, desk.SettleAsync());
            reached |= kill.IsCompleted;
            await desk.RestartAsync();
            if (twice)
            {
                await desk.RestartAsync(); // and again while it makes up for the first
            }

            await desk.SettleAsync();
        }
    }
}

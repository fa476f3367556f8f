using System.Text.Json;
using Holdfast.Agents;

namespace Holdfast.Crash;

/// <summary>
/// One refund that a person approves, killed at every passing of every point between two durable steps of the loop: before and after each of
/// its four model calls, its three tool calls, its start, its message, its decision and its end.
/// </summary>
public sealed class RefundStepTests
{
    private const string Input = "Please refund order A-1002, it arrived broken.";

    // The calls of the refund, in order.
    private const int Refund = 2;
    private const int Reply = 3;

    public static TheoryData<string, int> Steps
    {
        get
        {
            var steps = new TheoryData<string, int>();
            foreach (var point in AgentCrashPoints.All)
            {
                var passings = point.StartsWith("agents.model", StringComparison.Ordinal) ? 4 : point.StartsWith("agents.tool", StringComparison.Ordinal) ? 3
                    : point == AgentCrashPoints.WordStored ? 2 : 1; // the message, and the decision
                for (var passing = 1; passing <= passings; passing++)
                {
                    steps.Add(point, passing);
                }
            }

            return steps;
        }
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task AKillThereRefundsOnceRepliesOnceAndBuysNothingTwice(string point, int passing)
    {
        await using var scene = await Scene.KilledAsync(point, passing);
        await scene.Host.StartAsync();
        RandomKillTests.JudgeRun(scene.Shop, Input, await scene.Run);

        // A call of the model is bought again only if the kill came between its hold and its record.
        var lost = scene.Ledger.Judge();
        Assert.Equal(point is AgentCrashPoints.ModelReserved or AgentCrashPoints.ModelReplied ? 1 : 0, lost);
    }

    [Fact]
    public async Task AReplyKilledBetweenActAndRecordIsInDoubtAndNotSentAgain()
    {
        await using var scene = await Scene.KilledAsync(AgentCrashPoints.ToolActed, Reply);
        await scene.Host.StartAsync();
        var run = await scene.Run;

        Assert.Equal(["inDoubt:happened"], scene.Person.Decided.Where(word => word.StartsWith("inDoubt", StringComparison.Ordinal)));
        Assert.Equal(1, scene.Shop.Replies(Id(run)));
        Assert.Equal(1, scene.Shop.Requests("send_reply"));
    }

    [Fact]
    public async Task AReplyKilledBeforeTheActIsInDoubtAndSentOnAPersonsWord()
    {
        await using var scene = await Scene.KilledAsync(AgentCrashPoints.ToolStarted, Reply);
        Assert.Equal(0, scene.Shop.Requests("send_reply"));
        await scene.Host.StartAsync();
        var run = await scene.Run;

        Assert.Equal(["inDoubt:runAgain"], scene.Person.Decided.Where(word => word.StartsWith("inDoubt", StringComparison.Ordinal)));
        Assert.Equal(1, scene.Shop.Replies(Id(run)));
    }

    [Fact]
    public async Task ARefundKilledBetweenActAndRecordReachesTheShopAgainUnderTheSameKey()
    {
        await using var scene = await Scene.KilledAsync(AgentCrashPoints.ToolActed, Refund);
        await scene.Host.StartAsync();
        var run = await scene.Run;

        Assert.Equal(2, scene.Shop.Requests("issue_refund"));
        Assert.Equal(1, scene.Shop.Keys("issue_refund"));
        Assert.Equal(1, scene.Shop.Refunds(Id(run)));
    }

    private static string Id(JsonElement run) => run.GetProperty("id").GetString()!;

    /// <summary>A refund under way on a host that was killed.</summary>
    private sealed record Scene(HostProcess Host, ShopFile Shop, Ledger Ledger, Person Person, Task<JsonElement> Run) : IAsyncDisposable
    {
        public static async Task<Scene> KilledAsync(string point, int passing)
        {
            var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
            var host = new HostProcess();
            var shop = new ShopFile(host.DataDirectory);
            var person = new Person(host, shop);
            var scene = new Scene(host, shop, new Ledger(host.DataDirectory), person,
                Task.Run(() => person.SeeThroughAsync("refund-desk", Input, "the-key", giveUp.Token), giveUp.Token));
            await host.StartAsync($"{point}:{passing}");
            await host.EndsAsKilledAsync($"{point}:{passing}", giveUp.Token);
            scene.Ledger.Snapshot();
            return scene;
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}

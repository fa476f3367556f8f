using System.Globalization;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Testing;
using Holdfast.Durable;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>Whether a task hub and the agent store belong together, and what is told when they do not.</summary>
public sealed class SharedRegistrationTests : IAsyncLifetime
{
    private SharedStore shared = null!;
    private HubHarness hub = null!;

    public async ValueTask InitializeAsync()
    {
        shared = await SharedStore.NewAsync();
        hub = await HubHarness.StartAsync(Desks.Refunding().Deployment, shared);
    }

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        shared.Dispose();
    }

    [Fact]
    public async Task StartsAtOnceCountOnceAndOnceAgainAfterAnHour()
    {
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => hub.StartProcessAsync())));
            await AssertCountedAsync(epoch);
            shared.Time.Advance(SharedRegistration.AdvanceEvery);
        }
    }

    [Theory]
    [InlineData(AgentCrashPoints.EpochNoted, 0)]
    [InlineData(AgentCrashPoints.EpochMarked, 0)]
    [InlineData(AgentCrashPoints.EpochNoted, 2)]
    [InlineData(AgentCrashPoints.EpochMarked, 2)]
    public async Task AKillBetweenTheCountsIsNoStartError(string point, int before)
    {
        await CountAsync(before);
        for (var kill = 0; kill < 2; kill++)
        {
            await Assert.ThrowsAsync<KilledException>(() => hub.StartProcessAsync(Desks.DyingAt(point)));
        }

        await hub.StartProcessAsync();
        await AssertCountedAsync(before + 1);
    }

    [Fact]
    public async Task AHubThatIsEmptyIsAStartErrorThatNamesBothTheSettingAndTheRemedy()
    {
        await CountAsync(1);
        await hub.EmptyAsync();

        var error = await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync());
        Assert.Contains("Task hub 'hub' (setting TASK_HUB) is empty", error.Message, StringComparison.Ordinal);
        Assert.Contains("database 'agents' (setting STORE)", error.Message, StringComparison.Ordinal);
        Assert.Contains("engines retire hub", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AStoreThatHasNeverSeenTheHubIsAStartErrorThatNamesBoth(bool again)
    {
        await CountAsync(1);
        using var another = await SharedStore.NewAsync();
        await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync(store: another));
        if (again)
        {
            await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync(store: another));
        }

        var error = await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync(store: another));
        Assert.Contains("Task hub 'hub' (setting TASK_HUB)", error.Message, StringComparison.Ordinal);
        Assert.Contains("database 'agents' (setting STORE) has never seen it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoStoresThatMeetANewHubAtOnceDoNotBothGetIt()
    {
        using var another = await SharedStore.NewAsync();
        var (begun, isFirst) = (0, false);
        var first = hub.StartProcessAsync(point =>
        {
            if (point == AgentCrashPoints.EpochNoted && Interlocked.Exchange(ref begun, 1) == 0)
            {
                isFirst = Starts(() => hub.StartProcessAsync(store: another));
            }
        });
        var isSecond = await StartsAsync(() => first);
        Assert.Equal((true, false), (isFirst, isSecond));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(60)]
    public async Task AStoreThatWasRestoredAloneIsAStartError(int hours)
    {
        await CountAsync(2);
        var series = await shared.StoredAsync<string>("SELECT mark FROM engines");
        var advanced = await shared.StoredAsync<long>("SELECT advanced_at FROM engines");
        await CountAsync(hours);
        await shared.TamperAsync($"UPDATE engines SET epoch = 2, advanced_at = {advanced}, mark = '{series}'"); // as it was

        var error = await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync());
        Assert.Contains("database 'agents' (setting STORE) was restored alone", error.Message, StringComparison.Ordinal);
        Assert.Contains($"counts {hours + 2} epochs of engine hub", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHubThatWasRestoredAloneIsAStartError()
    {
        await CountAsync(3);
        await RemoveMarkAsync(3);

        var error = await Assert.ThrowsAsync<StoresApartException>(() => hub.StartProcessAsync());
        Assert.Contains("Task hub 'hub' (setting TASK_HUB) was restored alone", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnotherProcessThatCountsDuringTheCheckIsNoStartError()
    {
        await CountAsync(1);
        var counted = 0;
        await hub.StartProcessAsync(through: client => client.Overheard((method, _) =>
        {
            // The store has been read; the hub has not.
            if (method == "GetInstanceAsync" && Interlocked.Increment(ref counted) <= 3)
            {
                Starts(() => hub.StartProcessAsync());
                shared.Time.Advance(SharedRegistration.AdvanceEvery);
            }
        }));
        Assert.Equal(await EpochAsync(), (await MarksAsync()).Max(long.Parse));
    }

    [Fact]
    public async Task TheSweepCountsOnAndOldMarksGo()
    {
        var process = await hub.StartProcessAsync();
        for (var hour = 0; hour < 60; hour++)
        {
            shared.Time.Advance(SharedRegistration.AdvanceEvery);
            await process.System.SweepNowAsync();
            await hub.SettleAsync();
        }

        Assert.Equal((61, 48), (await EpochAsync(), (await MarksAsync()).Count));
        await hub.StartProcessAsync();
    }

    [Fact]
    public async Task AProcessWhoseHubIsEmptiedUnderItFindsOutAndTakesNothingMore()
    {
        var process = await hub.StartProcessAsync();
        await RemoveMarkAsync(1);

        await Assert.ThrowsAsync<EngineLostException>(() => process.System.SweepNowAsync());
        Assert.Contains("is empty", (await process.System.Failed).Message, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => process.StartRunAsync());
        Assert.Contains("Task hub 'hub' (setting TASK_HUB)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoeverClearsAwayWhatHasEndedLeavesTheMarkThatCounts()
    {
        for (var count = 0; count < 5; count++)
        {
            await CountAsync(1);
            await foreach (var ended in hub.Engine.Client.GetAllInstancesAsync(new OrchestrationQuery([OrchestrationRuntimeStatus.Completed])))
            {
                await hub.Engine.Client.PurgeInstanceAsync(ended.InstanceId, TestContext.Current.CancellationToken);
            }

            Assert.InRange((await MarksAsync()).Count, 1, 2);
        }

        await hub.StartProcessAsync();
    }

    private static bool Starts(Func<Task> start) => StartsAsync(start).GetAwaiter().GetResult();

    private static async Task<bool> StartsAsync(Func<Task> start)
    {
        try
        {
            await start();
            return true;
        }
        catch (StoresApartException)
        {
            return false;
        }
    }

    private async Task RemoveMarkAsync(int epoch)
    {
        var mark = $"holdfast-engine-{await shared.StoredAsync<string>("SELECT mark FROM engines")}-{epoch}";
        await hub.Engine.Client.TerminateInstanceAsync(mark, cancellation: TestContext.Current.CancellationToken);
        await hub.SettleAsync();
        Assert.True(await hub.Engine.Client.PurgeInstanceAsync(mark, TestContext.Current.CancellationToken));
    }

    private async Task CountAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            await hub.KillAsync(await hub.StartProcessAsync());
            await hub.SettleAsync();
            shared.Time.Advance(SharedRegistration.AdvanceEvery);
        }
    }

    private Task<int> EpochAsync() => shared.StoredAsync<int>("SELECT epoch FROM engines WHERE next_epoch IS NULL");

    private async Task AssertCountedAsync(int epochs)
    {
        Assert.Equal(epochs, await EpochAsync());
        Assert.Equal(Enumerable.Range(1, epochs).Select(mark => mark.ToString(CultureInfo.InvariantCulture)), await MarksAsync());
    }

    private async Task<List<string>> MarksAsync()
    {
        List<string> marks = [];
        await foreach (var instance in hub.Engine.Client.GetAllInstancesAsync(new OrchestrationQuery(InstanceIdPrefix: "holdfast-engine-")))
        {
            marks.Add(instance.InstanceId.Split('-')[^1]);
        }

        return marks;
    }
}

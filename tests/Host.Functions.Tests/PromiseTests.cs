using System.Collections.Concurrent;
using System.Text.Json;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>Promises whose scenarios need a clock that can be moved, shown here on the wall's.</summary>
public sealed class PromiseTests
{
    [Fact]
    public async Task ATimerIsNeverEarly()
    {
        // Not by the context's clock, which stands still until the code is called again.
        ConcurrentDictionary<string, DateTime> woken = [];
        await using var engine = new FunctionsFixture();
        await engine.StartAsync(TestRegistry.New().Orchestrator<int, DateTime>("wait", async (context, _) =>
        {
            var due = context.CurrentUtcDateTime + TimeSpan.FromMilliseconds(300);
            await context.CreateTimer(due, CancellationToken.None);
            woken.TryAdd(context.InstanceId, TimeProvider.System.GetUtcNow().UtcDateTime);
            return due;
        }));
        var ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => engine.Client.ScheduleNewOrchestrationInstanceAsync("wait", 0)));
        foreach (var id in ids)
        {
            var due = JsonSerializer.Deserialize<DateTime>((await engine.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true).Patiently()).SerializedOutput!);
            Assert.True(woken[id] >= due, $"{id} was to wait until {due:O} and went on at {woken[id]:O}, by the wall's clock.");
        }
    }

    [Fact]
    public async Task AnInstanceThatRanOutOfTimeReadsWhatComesLater()
    {
        await using var engine = new FunctionsFixture();
        await engine.StartAsync(TestRegistry.New().Orchestrator<int, string>("approval", async (context, _) =>
        {
            try
            {
                return "in time: " + await context.WaitForExternalEvent<string>("decision", TimeSpan.FromMilliseconds(1));
            }
            catch (TaskCanceledException)
            {
                context.SetCustomStatus("reminded");
                return "reminded: " + await context.WaitForExternalEvent<string>("Decision");
            }
        }));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("approval", 0, new StartOrchestrationOptions("a"));
        await Patience.UntilAsync(async () => (await engine.Client.GetInstanceAsync("a"))?.SerializedCustomStatus == "\"reminded\"");
        await engine.Client.RaiseEventAsync("a", "DECISION", "yes");
        Assert.Equal("\"reminded: yes\"", (await engine.Client.WaitForInstanceCompletionAsync("a", getInputsAndOutputs: true).Patiently()).SerializedOutput);
    }

    [Fact]
    public async Task AnIdThatWasStartedStaysOneInstanceWhateverBecameOfIt()
    {
        var runs = 0;
        await using var engine = new FunctionsFixture();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<bool, int>("once", async (context, waits) => waits
                ? await context.WaitForExternalEvent<int>("go") : await context.CallActivityAsync<int>("count"))
            .Activity<int, int>("count", Count));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("once", false, new StartOrchestrationOptions("failed"));
        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await engine.Client.WaitForInstanceCompletionAsync("failed").Patiently()).RuntimeStatus);
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("once", true, new StartOrchestrationOptions("stopped"));
        await engine.Client.TerminateInstanceAsync("stopped");
        await engine.Client.WaitForInstanceCompletionAsync("stopped").Patiently();

        foreach (var (id, status) in new[] { ("failed", OrchestrationRuntimeStatus.Failed), ("stopped", OrchestrationRuntimeStatus.Terminated) })
        {
            Assert.Equal(id, await engine.Client.ScheduleNewOrchestrationInstanceAsync("once", false, new StartOrchestrationOptions(id)));
            await engine.SettleAsync();
            Assert.Equal(status, (await engine.Client.GetInstanceAsync(id))!.RuntimeStatus);
        }

        Assert.Equal(1, runs);

        Task<int> Count(ActivityContext context, int input)
        {
            Interlocked.Increment(ref runs);
            throw new IOException("no");
        }
    }
}

using Holdfast.Agents.Runs;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

/// <summary>A word is heard by everyone that it may concern, whoever else hears it first.</summary>
public sealed class LooksTests
{
    [Fact]
    public Task AWordThatAnotherHeardWhileAStepRanIsHeardByThatStepToo() => AssertEndsAsync(
        async looks => await Task.WhenAll(looks("waits"), looks("works")), waits: null);

    [Fact]
    public Task AWordThatComesAfterATimerAndWhileTheStepRunsIsHeard() => AssertEndsAsync(looks => looks("works"), waits: TimeSpan.FromMinutes(1));

    [Fact]
    public async Task AnEngineWhoseClockIsAheadOfTheStoresLooksOnceASecond()
    {
        var time = new VirtualTime();
        var data = Directory.CreateTempSubdirectory("holdfast-").FullName;
        var engine = EmbeddedEngine.Open(new EngineOptions { DataDirectory = data, Time = time }, NullLoggerFactory.Instance);
        var (looked, due) = (0, time.GetUtcNow());
        var registry = TestRegistry.New().Orchestrator<int, int>("loop", async (context, _) =>
        {
            await new Looks(context).UntilSettled(() => context.CallActivityAsync<StepAnswer>("step", ""));
            return 0;
        }).Activity<string, StepAnswer>("step", (_, _) => Task.FromResult(++looked < 5 ? StepAnswer.WaitFor(due.UtcTicks) : StepAnswer.Go));
        await engine.StartAsync(registry);
        time.Advance(TimeSpan.FromMinutes(1)); // the store's clock is where it was
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("loop", 0, cancellation: TestContext.Current.CancellationToken);
        for (var second = 1; second <= 3; second++)
        {
            await engine.WhenIdleAsync().Patiently();
            Assert.Equal(second, looked);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await engine.AbandonAsync();
        Directory.Delete(data, recursive: true);
    }

    /// <summary>
    /// "waits" has looked and waits; "works" is in a step that saw the state before the word. The word comes, and the step answers.
    /// </summary>
    private static async Task AssertEndsAsync(Func<Func<string, Task>, Task> wait, TimeSpan? waits)
    {
        var time = new VirtualTime();
        var data = Directory.CreateTempSubdirectory("holdfast-").FullName;
        var engine = EmbeddedEngine.Open(new EngineOptions { DataDirectory = data, Time = time }, NullLoggerFactory.Instance);
        var (entered, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        var looked = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var registry = TestRegistry.New().Orchestrator<int, int>("loop", async (context, _) =>
        {
            var looks = new Looks(context);
            await wait(name => looks.UntilSettled(() => context.CallActivityAsync<StepAnswer>("step", name)));
            return 0;
        }).Activity<string, StepAnswer>("step", async (_, name) =>
        {
            var times = looked.AddOrUpdate(name, 1, (_, before) => before + 1);
            if (name == "works" && waits is { } first && times == 1)
            {
                return StepAnswer.WaitFor((time.GetUtcNow() + first).UtcTicks);
            }

            if (name == "works" && times == (waits is null ? 1 : 2))
            {
                entered.SetResult();
                await released.Task;
                return StepAnswer.WaitFor();
            }

            return name == "waits" && times == 1 ? StepAnswer.WaitFor() : StepAnswer.Go;
        });
        await engine.StartAsync(registry);
        var id = await engine.Client.ScheduleNewOrchestrationInstanceAsync("loop", 0, cancellation: TestContext.Current.CancellationToken);
        if (waits is { } due)
        {
            await engine.WhenIdleAsync().Patiently();
            time.Advance(due);
        }

        await entered.Task.Patiently();
        await engine.Client.RaiseEventAsync(id, Looks.Event, cancellation: TestContext.Current.CancellationToken);
        await Patience.UntilAsync(() => Task.FromResult(waits is not null || looked.GetValueOrDefault("waits") >= 2));

        released.SetResult();
        await engine.WhenIdleAsync().Patiently();
        var ended = await engine.Client.GetInstanceAsync(id, cancellation: TestContext.Current.CancellationToken);
        await engine.AbandonAsync();
        Directory.Delete(data, recursive: true);
        Assert.True(ended!.IsCompleted);
    }
}

using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>What the engine says of an instance may be over before the store is read: a run that goes on meanwhile is not dead.</summary>
public sealed class LivingRunTests : IAsyncLifetime
{
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SharedStore shared = null!;
    private HubHarness hub = null!;

    public async ValueTask InitializeAsync()
    {
        shared = await SharedStore.NewAsync();
        hub = await HubHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Done.") with { Before = (_, _) => HoldAsync() })), shared);
    }

    public async ValueTask DisposeAsync()
    {
        answer.TrySetResult();
        await hub.DisposeAsync();
        shared.Dispose();
    }

    [Fact]
    public async Task ARunThatBeginsWhileTheSweepAsksAboutItIsNotDead()
    {
        var untold = await hub.StartProcessAsync(Desks.DyingAt(AgentCrashPoints.RunAccepted));
        var run = await untold.StartRunAsync();
        var sweeping = await hub.StartProcessAsync(through: client => client.Interrupted((method, args) => method == "GetInstanceAsync" && IsOf(run, args) ? BeginAsync(run) : Task.CompletedTask));
        await sweeping.System.SweepNowAsync();

        await EndsWithoutAPauseAsync(sweeping, run);
    }

    [Fact]
    public async Task ARunThatBeginsWhileAWordFindsNobodyIsNotDead()
    {
        var run = "";
        var process = await hub.StartProcessAsync(
            Desks.DyingAt(AgentCrashPoints.RunAccepted), through: client => client.Interrupted((method, args) => method == "RaiseEventAsync" && IsOf(run, args) ? BeginAsync(run) : Task.CompletedTask));
        run = await process.StartRunAsync();
        await process.System.Runs.SuspendAsync(RunHarness.Anna, run);
        await process.System.Runs.ResumeAsync(RunHarness.Anna, run);
        await asked.Task.Patiently();
        await process.System.WhenQuietAsync().Patiently();

        await EndsWithoutAPauseAsync(process, run);
    }

    [Fact]
    public async Task ARunThatIsResumedWhileTheSweepAsksAboutItIsNotHeld()
    {
        var process = await hub.StartProcessAsync();
        var run = await process.StartRunAsync();
        await asked.Task.Patiently();
        await hub.Engine.Client.SuspendInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken);
        var sweeping = await hub.StartProcessAsync(through: client => client.Overheard((method, args) =>
        {
            if (method == "GetInstanceAsync" && IsOf(run, args))
            {
                // What is asked next is asked of an instance that goes on.
                _ = hub.Engine.Client.ResumeInstanceAsync(Instances.OfRun(run, 1), cancellation: TestContext.Current.CancellationToken).Wait(TimeSpan.FromMinutes(1));
            }
        }));
        await sweeping.System.SweepNowAsync();

        await EndsWithoutAPauseAsync(sweeping, run);
    }

    /// <summary>Tells the hub what it has not been told, and returns when the run is at work.</summary>
    private async Task BeginAsync(string run)
    {
        await hub.Engine.Client.ScheduleNewOrchestrationInstanceAsync(AgentRun.Name, new RunRef(run, 1, 1), new StartOrchestrationOptions(Instances.OfRun(run, 1)));
        await asked.Task.Patiently();
    }

    private async Task EndsWithoutAPauseAsync(AppProcess process, string run)
    {
        answer.SetResult();
        await hub.SettleAsync();
        Assert.Equal(OutcomeKinds.Completed, (await process.FindAsync(run)).Outcome?.Kind);
        Assert.DoesNotContain(RunEvents.Paused, (await process.System.Queries.EventsAsync(RunHarness.Anna, run, 0))!.Items.Select(one => one.Type));
    }

    private Task HoldAsync()
    {
        asked.TrySetResult();
        return answer.Task;
    }

    private static bool IsOf(string run, object?[] args) => args[0] is string id && id == Instances.OfRun(run, 1);
}

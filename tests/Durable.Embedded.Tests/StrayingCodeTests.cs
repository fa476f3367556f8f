using System.Diagnostics.CodeAnalysis;
using System.IO.Pipes;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

[SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "The mistakes that these tests are about.")]
public sealed class StrayingCodeTests
{
    public static TheoryData<string> Mistakes =>
    [
        "Task.Run", "Task.Run, then nothing", "Task.Delay", "ConfigureAwait(false)", "I/O",
        "a step from a thread of its own", "a step from a thread of its own, at once", "a token cancelled by the clock",
    ];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task CodeThatAwaitsWhatIsNotInItsHistoryIsPausedAndSaysHow(string mistake)
    {
        using var world = new World();
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Code(context => Make(mistake, context, world)));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("stray", 0, new StartOrchestrationOptions("s"));
        await engine.SettleAsync();
        world.Turn();
        var paused = await engine.RestAsync("s");
        Assert.Equal(OrchestrationRuntimeStatus.Paused, paused.RuntimeStatus);
        Assert.Contains("not in its history", paused.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("Use an activity, CreateTimer or WaitForExternalEvent", paused.FailureDetails.ErrorMessage, StringComparison.Ordinal);

        await engine.RestartAsync(Code(async context =>
        {
            if (mistake.StartsWith("a token", StringComparison.Ordinal))
            {
                await context.CreateTimer(TimeSpan.FromDays(1), CancellationToken.None);
            }

            return await context.CallActivityAsync<int>("step");
        }));
        await engine.Embedded.RetryInstanceAsync("s");
        await engine.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal("1", (await engine.EndAsync("s")).SerializedOutput);
    }

    private static async Task<int> Make(string mistake, OrchestrationContext context, World world)
    {
        switch (mistake)
        {
            case "Task.Run":
                await Task.Run(() => world.Turned);
                break;
            case "Task.Run, then nothing":
                var one = await context.CallActivityAsync<int>("step");
                await Task.Run(() => world.Turned);
                return one;
            case "Task.Delay":
                await Task.Delay(TimeSpan.FromSeconds(1), world.Time);
                break;
            case "ConfigureAwait(false)":
                await context.CallActivityAsync<int>("step").ConfigureAwait(false);
                break;
            case "I/O":
                await world.ReadAsync();
                break;
            case "a step from a thread of its own":
                return await Task.Run(async () =>
                {
                    await world.Turned;
                    return await context.CallActivityAsync<int>("step");
                });
            case "a step from a thread of its own, at once":
                var refused = Task.Run(() => context.CallActivityAsync<int>("step"));
                ((IAsyncResult)refused).AsyncWaitHandle.WaitOne(); // so that it has ended before it is awaited
                return await refused;
            case "a token cancelled by the clock":
                using (var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1), world.Time))
                {
                    await context.CreateTimer(TimeSpan.FromDays(1), soon.Token);
                }

                break;
        }

        return await context.CallActivityAsync<int>("step");
    }

    private static DurableRegistry Code(Func<OrchestrationContext, Task<int>> body) => TestRegistry.New()
        .Orchestrator<int, int>("stray", (context, _) => body(context))
        .Activity<int, int>("step", (_, _) => 1);

    /// <summary>What an orchestrator must not wait for. It stands still until the code has begun to wait, and then turns.</summary>
    private sealed class World : IDisposable
    {
        private readonly TaskCompletionSource turned = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly AnonymousPipeServerStream mouth = new(PipeDirection.Out);
        private readonly AnonymousPipeClientStream ear;

        public World() => ear = new AnonymousPipeClientStream(PipeDirection.In, mouth.ClientSafePipeHandle);

        public VirtualTime Time { get; } = new();

        public Task Turned => turned.Task;

        public Task<int> ReadAsync() => ear.ReadAsync(new byte[1], 0, 1);

        public void Turn()
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            mouth.WriteByte(1);
            turned.SetResult();
        }

        public void Dispose()
        {
            ear.Dispose();
            mouth.Dispose();
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

[SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "The mistakes that these tests are about.")]
public sealed class StrayingCodeTests
{
    public static TheoryData<string> Mistakes =>
        ["Task.Run", "Task.Run, then nothing", "Task.Delay", "ConfigureAwait(false)", "I/O", "a step from a thread of its own", "a token cancelled by the clock"];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task CodeThatAwaitsWhatIsNotInItsHistoryIsPausedAndSaysHow(string mistake)
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Code(context => Make(mistake, context)));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("stray", 0, new StartOrchestrationOptions("s"));
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

    private static async Task<int> Make(string mistake, OrchestrationContext context)
    {
        switch (mistake)
        {
            case "Task.Run":
                await Task.Run(() => Task.Delay(10));
                break;
            case "Task.Run, then nothing":
                var one = await context.CallActivityAsync<int>("step");
                await Task.Run(() => Task.Delay(10));
                return one;
            case "Task.Delay":
                await Task.Delay(10);
                break;
            case "ConfigureAwait(false)":
                await context.CallActivityAsync<int>("step").ConfigureAwait(false);
                break;
            case "I/O":
                await File.ReadAllTextAsync("/proc/self/status");
                break;
            case "a step from a thread of its own":
                return await Task.Run(() => context.CallActivityAsync<int>("step"));
            case "a token cancelled by the clock":
                using (var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(10)))
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
}

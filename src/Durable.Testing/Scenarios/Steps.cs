using System.Collections.Concurrent;

namespace Holdfast.Durable.Testing.Scenarios;

internal static class Steps
{
    private const int Promise = 2;

    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(Promise, Capabilities.Restart, ARecordedResultNeverChanges),
        Scenario.Of(Promise, Capabilities.Restart, AnInterruptedStepRunsAgainWithTheSameKey),
        Scenario.Of(Promise, Capabilities.None, StepsAreNumberedAndTheirKeysDiffer),
        Scenario.Of(0, Capabilities.None, ResultsOfAFanOutAreJoined),
        Scenario.Of(0, Capabilities.None, AFailedStepIsThrownWhereItIsAwaited),
        Scenario.Of(0, Capabilities.None, AnUncaughtFailureFailsTheInstanceAndKeepsItsCause),
        Scenario.Of(0, Capabilities.LeaveOpen, ALateResultAfterATimeoutIsNobodysBusiness),
    ];

    private static async Task ARecordedResultNeverChanges(EngineFixture engine)
    {
        var draws = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("draw", async (context, _) =>
            {
                var first = await context.CallActivityAsync<int>("random");
                await context.WaitForExternalEvent<int>("go");
                return first;
            })
            .Activity<int, int>("random", (_, _) => Interlocked.Increment(ref draws)));
        await engine.BeginAsync("draw", 0, "d");
        await engine.SettleAsync();
        var before = draws;
        await engine.RestartAsync();
        await engine.RestartAsync();
        await engine.RaiseAsync("d", "go", 1);
        Expect.Equal(before, await engine.OutputAsync<int>("d"), "the result recorded before two restarts");
    }

    private static async Task AnInterruptedStepRunsAgainWithTheSameKey(EngineFixture engine)
    {
        ConcurrentQueue<(string Key, long Step)> keys = [];
        var gate = new Gate();
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("act", (context, _) => context.CallActivityAsync<string>("act"))
            .Activity<int, string>("act", async (context, _) =>
            {
                keys.Enqueue((context.IdempotencyKey, context.Step));
                if (keys.Count == 1)
                {
                    await gate.PassAsync();
                }

                return context.IdempotencyKey;
            }));
        await engine.BeginAsync("act", 0, "a");
        await gate.Entered;
        await engine.RestartAsync();
        var key = await engine.OutputAsync<string>("a");
        gate.Open();
        Expect.Sequence([(key, 1L), (key, 1L)], keys, "the key and number of both executions");
    }

    private static async Task StepsAreNumberedAndTheirKeysDiffer(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, List<string>>("three", async (context, _) =>
            {
                List<string> keys = [await context.CallActivityAsync<string>("key")];
                var pair = await Task.WhenAll(context.CallActivityAsync<string>("key"), context.CallActivityAsync<string>("key"));
                keys.AddRange(pair);
                Expect.Equal(3, context.Step, "the number of the last step");
                return keys;
            })
            .Activity<int, string>("key", (context, _) => $"{context.Step} {context.IdempotencyKey}"));
        var keys = await engine.RunAsync<List<string>>("three", 0, "k");
        Expect.Sequence([$"1 {StepKey.Of("k", 1)}", $"2 {StepKey.Of("k", 2)}", $"3 {StepKey.Of("k", 3)}"], keys, "numbers and keys");
        Expect.Equal(3, keys.Distinct().Count(), "the different keys");
    }

    private static async Task ResultsOfAFanOutAreJoined(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, long>("sum", async (context, width) =>
                (await Task.WhenAll(Enumerable.Range(1, width).Select(n => context.CallActivityAsync<long>("square", n)))).Sum())
            .Activity<long, long>("square", (_, n) => n * n));
        Expect.Equal(333_833_500L, await engine.RunAsync<long>("sum", 1000), "the sum of the first thousand squares");
    }

    private static async Task AFailedStepIsThrownWhereItIsAwaited(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("catch", async (context, _) =>
            {
                try
                {
                    return await context.CallActivityAsync<string>("fail");
                }
                catch (TaskFailedException e)
                {
                    return $"{e.TaskName} {e.TaskId} {e.FailureDetails.IsCausedBy<ArgumentException>()} {e.FailureDetails.IsCausedBy<IOException>()} {e.FailureDetails.ErrorMessage}";
                }
            })
            .Activity<int, string>("fail", Fail));
        Expect.Equal("fail 1 True False no such order", await engine.RunAsync<string>("catch"), "what the orchestrator caught");

        static Task<string> Fail(ActivityContext context, int input) => throw new ArgumentOutOfRangeException(null, "no such order");
    }

    private static async Task AnUncaughtFailureFailsTheInstanceAndKeepsItsCause(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("fall", (context, _) => context.CallActivityAsync<string>("fail"))
            .Activity<int, string>("fail", Fail));
        var ended = await engine.EndAsync(await engine.BeginAsync("fall"));
        Expect.Equal(OrchestrationRuntimeStatus.Failed, ended.RuntimeStatus, "the status");
        Expect.True(ended.FailureDetails?.ErrorMessage.Contains("disk on fire", StringComparison.Ordinal) == true, "the message to be kept");
        Expect.True((await engine.Client.GetInstanceAsync(ended.InstanceId))?.FailureDetails is not null, "the cause to be shown without payloads too");

        static Task<string> Fail(ActivityContext context, int input) => throw new IOException("disk on fire");
    }

    private static async Task ALateResultAfterATimeoutIsNobodysBusiness(EngineFixture engine)
    {
        var gate = new Gate();
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("race", async (context, _) =>
            {
                var slow = context.CallActivityAsync<string>("slow");
                var stop = context.WaitForExternalEvent<string>("stop");
                var first = await await Task.WhenAny(slow, stop);
                var second = await context.CallActivityAsync<string>("quick");
                return first + second;
            })
            .Activity<int, string>("slow", async (_, _) =>
            {
                await gate.PassAsync();
                return "slow";
            })
            .Activity<int, string>("quick", (_, _) => "quick"));
        await engine.BeginAsync("race", 0, "r");
        await gate.Entered;
        await engine.RaiseAsync("r", "stop", "stopped ");
        Expect.Equal("stopped quick", await engine.OutputAsync<string>("r"), "the output");
        gate.Open();
        await engine.SettleAsync();
        Expect.Equal(OrchestrationRuntimeStatus.Completed, await engine.StatusAsync("r"), "the status after the late result");
    }
}

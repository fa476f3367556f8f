using System.Collections.Concurrent;

namespace Holdfast.Durable.Testing.Scenarios;

internal static class Retries
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(2, Capabilities.Advance, AttemptsComeWithBackoffAndOneKey),
        Scenario.Of(2, Capabilities.Advance | Capabilities.Restart, ARestartResetsNeitherAttemptsNorWaits),
        Scenario.Of(0, Capabilities.None, ExhaustedRetriesThrowTheLastFailure),
        Scenario.Of(0, Capabilities.None, ARetryWithoutAWaitIsNotLost),
    ];

    private static async Task AttemptsComeWithBackoffAndOneKey(EngineFixture engine)
    {
        List<(DateTimeOffset At, string Key)> attempts = [];
        await engine.StartAsync(r => Declare(r, attempts, engine, failures: 3));
        await engine.BeginAsync("try", 0, "t");
        await engine.AdvanceAsync(TimeSpan.FromMinutes(30));
        Expect.Equal("done", await engine.OutputAsync<string>("t"), "the output of the fourth attempt");
        Expect.Equal(1, attempts.Select(attempt => attempt.Key).Distinct().Count(), "the different keys");
        for (var n = 1; n < 4; n++)
        {
            var wait = attempts[n].At - attempts[n - 1].At;
            var asked = TimeSpan.FromMinutes(Math.Pow(2, n - 1));
            Expect.True(wait >= asked && wait <= asked * 1.2, $"wait {n} to be {asked} or a little more; it is {wait}");
        }
    }

    private static async Task ARestartResetsNeitherAttemptsNorWaits(EngineFixture engine)
    {
        List<(DateTimeOffset At, string Key)> attempts = [];
        await engine.StartAsync(r => Declare(r, attempts, engine, failures: 100));
        await engine.BeginAsync("try", 0, "t");
        for (var n = 0; n < 5; n++)
        {
            await engine.AdvanceAsync(TimeSpan.FromSeconds(30));
            await engine.RestartAsync();
        }

        Expect.True(attempts.Count is 2 or 3, $"two or three attempts in three minutes; there were {attempts.Count}");
        await engine.AdvanceAsync(TimeSpan.FromHours(1));
        Expect.Equal(OrchestrationRuntimeStatus.Failed, (await engine.EndAsync("t")).RuntimeStatus, "the status after the last attempt");
        Expect.Equal(4, attempts.Count, "all attempts, restarts included");
    }

    private static async Task ExhaustedRetriesThrowTheLastFailure(EngineFixture engine)
    {
        var attempts = 0;
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("try", async (context, _) =>
            {
                try
                {
                    return await context.CallActivityAsync<string>("fail", 0, new TaskOptions(new RetryPolicy(3, TimeSpan.Zero)));
                }
                catch (TaskFailedException e) when (e.FailureDetails.IsCausedBy<InvalidOperationException>())
                {
                    return e.FailureDetails.ErrorMessage;
                }
            })
            .Activity<int, string>("fail", Fail));
        Expect.Equal("attempt 3", await engine.RunAsync<string>("try"), "the last failure");

        Task<string> Fail(ActivityContext context, int input) => throw new InvalidOperationException($"attempt {Interlocked.Increment(ref attempts)}");
    }

    private static async Task ARetryWithoutAWaitIsNotLost(EngineFixture engine)
    {
        const int Attempts = 50;
        ConcurrentDictionary<string, int> attempts = [];
        await engine.StartAsync(r => r
            .Orchestrator<int, int>("try", (context, failures) =>
                context.CallActivityAsync<int>("flaky", failures, new TaskOptions(new RetryPolicy(Attempts, TimeSpan.Zero))))
            .Activity<int, int>("flaky", Flaky));

        // From none to as many as the last attempt allows.
        var ids = await Task.WhenAll(Enumerable.Range(0, 19).Select(n => 2 * n).Append(Attempts - 1).Select(failures => engine.BeginAsync("try", failures)));
        foreach (var id in ids)
        {
            await engine.OutputAsync<int>(id);
        }

        Task<int> Flaky(ActivityContext context, int failures) => attempts.AddOrUpdate(context.InstanceId, 1, (_, before) => before + 1) > failures
            ? Task.FromResult(1)
            : throw new InvalidOperationException("not yet");
    }

    private static void Declare(DurableRegistry registry, List<(DateTimeOffset At, string Key)> attempts, EngineFixture engine, int failures)
    {
        registry
            .Orchestrator<int, string>("try", (context, _) => context.CallActivityAsync<string>(
                "flaky", 0, new TaskOptions(new RetryPolicy(4, TimeSpan.FromMinutes(1), 2, TimeSpan.FromMinutes(10)))))
            .Activity<int, string>("flaky", Flaky);

        Task<string> Flaky(ActivityContext context, int input)
        {
            attempts.Add((engine.Now, context.IdempotencyKey));
            return attempts.Count > failures ? Task.FromResult("done") : throw new IOException("not yet");
        }
    }
}

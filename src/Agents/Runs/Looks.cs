using System.Globalization;
using Holdfast.Durable;

namespace Holdfast.Agents.Runs;

/// <summary>
/// An instance's ear. One waiter on one event, never cancelled and shared by whoever waits, so that no engine can drop an event between
/// two waits. The event says only "look"; what has happened is in the store.
/// </summary>
public sealed class Looks(OrchestrationContext context)
{
    public const string Event = "look";

    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(1);

    private Task<Nothing>? ear;
    private int heard;

    /// <summary>Repeats a step for as long as it answers that there is something to wait for.</summary>
    public async Task<StepAnswer> UntilSettled(Func<Task<StepAnswer>> step)
    {
        while (true)
        {
            var before = heard;
            var answer = await step();
            if (answer.Next != Next.Wait)
            {
                return answer;
            }

            // What another waiter heard while this step ran may concern what the step could not see yet.
            if (heard == before)
            {
                await WaitAsync(answer.Until);
            }
        }
    }

    /// <summary>Returns when the instance is told to look, or at a time.</summary>
    public async Task WaitAsync(DateTime? until)
    {
        var hearing = ear ??= context.WaitForExternalEvent<Nothing>(Event);
        if (until is { } due && !hearing.IsCompleted)
        {
            // The time is the store's. An engine whose clock is ahead of that would look again and again until the store has come to it.
            due = due > context.CurrentUtcDateTime ? due : context.CurrentUtcDateTime + Soonest;
            using var told = new CancellationTokenSource();
            var timer = context.CreateTimer(due, told.Token);
            if (await Task.WhenAny(hearing, timer) == timer)
            {
                return;
            }

            told.Cancel();
        }

        await hearing;
        if (ReferenceEquals(ear, hearing))
        {
            ear = null;
            heard++;
        }
    }
}

/// <summary>The ids of a run's engine instances.</summary>
public static class Instances
{
    public static string OfRun(string run, int generation) => $"{run}.{generation}";

    public static string OfAsking(string run, int generation, string asking) => $"{run}.{generation}.{asking}";

    /// <summary>The asking of an instance id that <see cref="OfAsking"/> made.</summary>
    public static AskingStep AskingOf(string instance) =>
        instance.Split('.') is [var run, var generation, var asking] ? new AskingStep(run, int.Parse(generation, CultureInfo.InvariantCulture), asking)
            : throw new ArgumentException($"'{instance}' is not the id of an asking's instance.", nameof(instance));

    /// <summary>The run and generation of an instance id that was made here; null for any other.</summary>
    public static (string Run, int Generation)? Parse(string instance) =>
        instance.Split('.') is [var run, var generation, ..] && int.TryParse(generation, out var number) ? (run, number) : null;
}

internal static class Activities
{
    /// <summary>
    /// An activity that fails could not reach the store, or met a fault of ours: it is run again for as long as it takes, never taken for a
    /// result. The store counts the begins, so that a fault of ours ends as a pause and not as a loop.
    /// </summary>
    public static readonly TaskOptions Patience = new(new RetryPolicy(int.MaxValue, TimeSpan.FromMilliseconds(500), 2, TimeSpan.FromSeconds(30)));
}

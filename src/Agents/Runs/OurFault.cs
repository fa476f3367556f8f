using Holdfast.Agents.Engines;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Runs;

/// <summary>
/// A fault of ours met before a step began: another try would meet it again, so the run pauses and says what it was. A store that cannot
/// be reached is not one of these; the step is run again until it answers.
/// </summary>
internal static class OurFault
{
    /// <param name="answer">What the step gives back when it has not begun: the run is paused, or ends.</param>
    public static async Task<T> PausesAsync<T>(AgentParts parts, string run, Func<Task<T>> begin, Func<StepAnswer, T> answer)
    {
        try
        {
            return await begin();
        }
        catch (Exception e) when (e is not (OperationCanceledException or EngineLostException) && !parts.Store.Caused(e))
        {
            parts.Logger.LogError(e, "Run {Run} is paused by a fault of ours.", run);
            return answer(await parts.Store.WriteAsync(async tx =>
            {
                if (await LockedRun.TakeAsync(tx, run) is not { } locked || locked.Row.IsEnding)
                {
                    return StepAnswer.Close; // nothing pauses a run that ends
                }

                await locked.PauseAsync("ours", parts.Options.Redact($"{e.GetType().Name}: {e.Message} See the log; mend it, then retry the run."));
                return StepAnswer.WaitFor();
            }));
        }
    }
}

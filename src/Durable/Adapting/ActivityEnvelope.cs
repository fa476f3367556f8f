using System.Text.Json.Serialization;

namespace Holdfast.Durable.Adapting;

/// <summary>
/// The input of an activity on an engine that does not number steps: the step's number and key go with it, so that every execution of the
/// step finds the same ones.
/// </summary>
/// <param name="Instance">The instance that asked for the step.</param>
/// <param name="Step">The step's number in that instance.</param>
/// <param name="Key">The step's idempotency key; sent, so that a newer release that derived keys otherwise would not change it.</param>
public sealed record ActivityEnvelope(
    [property: JsonPropertyName("instance")] string Instance,
    [property: JsonPropertyName("step")] long Step,
    [property: JsonPropertyName("key")] string Key,
    [property: JsonPropertyName("input")] RawJson Input)
{
    public static ActivityEnvelope Of(string instance, long step, string? input) => new(instance, step, StepKey.Of(instance, step), new RawJson(input));

    /// <summary>Runs the activity that was asked for.</summary>
    /// <exception cref="ArgumentException">The input was not made here.</exception>
    public async Task<RawJson> RunAsync(ActivityRegistration activity, CancellationToken cancellation)
    {
        if (Step < 1 || string.IsNullOrEmpty(Key) || string.IsNullOrEmpty(Instance))
        {
            throw new ArgumentException(
                $"Activity '{activity.Name}' was called without a step: only an orchestrator on Holdfast's OrchestrationContext may call it.");
        }

        return new RawJson(await activity.Run(new ActivityContext(Instance, activity.Name, Step, cancellation) { IdempotencyKey = Key }, Input.Text));
    }
}

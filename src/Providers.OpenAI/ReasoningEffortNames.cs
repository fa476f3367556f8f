using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

internal static class ReasoningEffortNames
{
    /// <summary>The word both APIs use.</summary>
    public static string Name(this ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        _ => throw new ArgumentOutOfRangeException(nameof(effort), effort, "Not a reasoning effort: none, low, medium, high or extraHigh."),
    };
}

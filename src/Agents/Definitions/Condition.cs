using System.Text.Json;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions;

/// <summary>Whether a condition holds. Unknown is a value that is missing, null or of another type than the comparison's.</summary>
public enum Truth
{
    Met,
    Unmet,
    Unknown,
}

/// <summary>What is asked of one argument; every comparison must hold.</summary>
/// <param name="Path">The argument, members separated by dots: <c>amount</c>, <c>customer.country</c>.</param>
public sealed record Condition(string Path, IReadOnlyList<Comparison> Comparisons)
{
    /// <param name="arguments">Canonical arguments.</param>
    public Truth Evaluate(JsonElement arguments)
    {
        if (arguments.At(Path) is not { } value)
        {
            return Truth.Unknown;
        }

        var truths = Comparisons.Select(c => c.Evaluate(value)).ToArray();
        return truths.Contains(Truth.Unmet) ? Truth.Unmet : truths.Contains(Truth.Unknown) ? Truth.Unknown : Truth.Met;
    }
}

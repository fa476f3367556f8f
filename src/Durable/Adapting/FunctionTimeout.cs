using System.Globalization;

namespace Holdfast.Durable.Adapting;

/// <summary>How long a function may run: one that runs over it takes its neighbours in the process with it.</summary>
public static class FunctionTimeout
{
    /// <summary>What an activity needs beyond its work: to begin, and to write down what became of it.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>Reads functionTimeout as host.json has it.</summary>
    /// <returns>Null for no bound ("-1").</returns>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static TimeSpan? Parse(string text) => text == "-1" ? null
        : TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var timeout) && timeout > Margin ? timeout
        : throw new ArgumentException($"functionTimeout '{text}' in host.json is not a time above {Margin:c}. Write it as hh:mm:ss, or -1 for no bound.");

    /// <summary>Why this work may not run in a function; null if it may.</summary>
    /// <param name="what">The work, as a sentence begins: "Tool 'x'".</param>
    public static string? Refusal(string what, TimeSpan takes, TimeSpan? functionTimeout) => functionTimeout is not { } bound || takes < bound - Margin ? null
        : $"{what} may take {takes:c}, but a function is ended after {bound:c} and needs {Margin:c} of that for itself. Give it less than {bound - Margin:c}, or raise functionTimeout in host.json.";
}

using System.ClientModel.Primitives;
using System.Globalization;

namespace Holdfast.Providers.OpenAI;

/// <summary>How long the service asks to be left alone.</summary>
internal static class RetryAfter
{
    // Longer than any rate limit's window; a wait beyond it is a fault of the header, not a plan.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>The milliseconds of OpenAI and Azure where present, since they are the more exact, else RFC 9110's seconds or
    /// date; held to between zero and an hour. Null when nothing readable is there.</summary>
    public static TimeSpan? Read(PipelineResponseHeaders headers, TimeProvider time) =>
        Number(headers, "retry-after-ms", millisecondsEach: 1)
        ?? Number(headers, "x-ms-retry-after-ms", millisecondsEach: 1)
        ?? Number(headers, "retry-after", millisecondsEach: 1000)
        ?? Date(headers, time);

    private static TimeSpan? Number(PipelineResponseHeaders headers, string name, int millisecondsEach) =>
        headers.TryGetValue(name, out var text)
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !double.IsNaN(number)
            ? TimeSpan.FromMilliseconds(Math.Clamp(number * millisecondsEach, 0, Longest.TotalMilliseconds))
            : null;

    private static TimeSpan? Date(PipelineResponseHeaders headers, TimeProvider time) =>
        headers.TryGetValue("retry-after", out var text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? TimeSpan.FromTicks(Math.Clamp((date - time.GetUtcNow()).Ticks, 0, Longest.Ticks))
            : null;
}

using System.Text.Json;
using Holdfast.Agents.Runs;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>A transcript as a time line: what was said, and each call once, with what has become of it.</summary>
internal static class TimeLines
{
    /// <param name="requestedBy">Whose words a run begins with.</param>
    public static IEnumerable<TimeLineEntry> Of(IReadOnlyList<TranscriptEntry> entries, string requestedBy)
    {
        var results = entries.Where(entry => entry.Role == "tool").ToDictionary(entry => (entry.Turn, entry.Index));
        foreach (var entry in entries)
        {
            if (entry.Role == "user")
            {
                yield return new(TimeLineKind.Asked, entry.At) { Who = requestedBy, Text = entry.Text };
            }
            else if (entry.Role == "assistant")
            {
                if (!string.IsNullOrWhiteSpace(entry.Text))
                {
                    yield return new(TimeLineKind.Model, entry.At) { Who = entry.Model, Text = entry.Text };
                }

                foreach (var (call, index) in (entry.Calls ?? []).Select((call, index) => (call, index)))
                {
                    var result = results.GetValueOrDefault((entry.Turn, index));
                    yield return new(TimeLineKind.Call, result?.At ?? entry.At) { Tool = call.Tool, Arguments = Json(call.Arguments), State = result?.State ?? "proposed", Result = result?.Result };
                }
            }
        }
    }

    // As the model wrote them, which may be no JSON at all.
    private static JsonElement Json(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text);
        }
    }
}

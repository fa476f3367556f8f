using System.Text.Json;
using Holdfast.Agents.Runs;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>A transcript as a time line.</summary>
internal static class TimeLines
{
    public static IEnumerable<TimeLineEntry> Of(TranscriptEntry entry, string requestedBy)
    {
        switch (entry.Role)
        {
            case "user":
                yield return new(TimeLineKind.Asked, entry.At) { Who = requestedBy, Text = entry.Text };
                break;
            case "assistant":
                if (!string.IsNullOrWhiteSpace(entry.Text))
                {
                    yield return new(TimeLineKind.Model, entry.At) { Who = entry.Model, Text = entry.Text };
                }

                foreach (var call in entry.Calls ?? [])
                {
                    yield return new(TimeLineKind.Call, entry.At) { Tool = call.Tool, Arguments = Json(call.Arguments), State = "proposed" };
                }

                break;
            default:
                yield return new(TimeLineKind.Call, entry.At) { Tool = entry.Tool, State = entry.State, Result = entry.Result };
                break;
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

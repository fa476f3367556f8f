using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Models.Scripted;

/// <summary>A prompt, as the rules ask about it.</summary>
internal sealed class ScriptScene
{
    private readonly Dictionary<string, JsonElement> results = new(StringComparer.Ordinal);

    public ScriptScene(IReadOnlyList<ChatMessage> prompt)
    {
        var tools = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var content in prompt.SelectMany(m => m.Contents))
        {
            if (content is FunctionCallContent call)
            {
                // The newest call of an id owns the results that follow: other models' ids may repeat.
                tools[call.CallId] = call.Name;
                Calls++;
            }
            else if (content is FunctionResultContent result && tools.TryGetValue(result.CallId, out var tool))
            {
                results[tool] = Json(result);
            }
        }

        Turn = prompt.Count(m => m.Role == ChatRole.Assistant) + 1;
        LastSaid = prompt.LastOrDefault(m => m.Role == ChatRole.User)?.Text ?? "";
        if (prompt.LastOrDefault(m => m.Role != ChatRole.System) is { } newest) // a note of ours is nobody's turn
        {
            UserIsNewest = newest.Role == ChatRole.User;
            if (newest.Role == ChatRole.Tool && newest.Contents.OfType<FunctionResultContent>().LastOrDefault() is { } last)
            {
                NewestTool = tools.GetValueOrDefault(last.CallId);
                NewestResult = Json(last);
                NewestFailed = Failed(last);
            }
        }
    }

    /// <summary>The number of the reply that is due, from 1.</summary>
    public int Turn { get; }

    /// <summary>How many tool calls there have been.</summary>
    public int Calls { get; }

    public string LastSaid { get; }

    public bool UserIsNewest { get; }

    public string? NewestTool { get; }

    public JsonElement? NewestResult { get; }

    public bool NewestFailed { get; }

    /// <summary>Whether the rule fits.</summary>
    public bool Fits(ScriptWhen when) =>
        (when.Turn is null || when.Turn == Turn)
        && (when.After is null || (when.After == ScriptWhen.Nothing ? UserIsNewest : when.After == NewestTool))
        && (when.Failed is null || (NewestResult is not null && when.Failed == NewestFailed))
        && when.Result.All(field =>
            NewestResult is { } result && At(result, field.Path) is { } value && JsonElement.DeepEquals(value, field.Expected))
        && (when.Said is null || when.Said.IsMatch(LastSaid));

    /// <summary>The value of a template's name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message is the name.</exception>
    public JsonElement Value(ScriptWhen when, string name)
    {
        if (name.Split('.', 2) is [var tool, var path])
        {
            return results.TryGetValue(tool, out var result) && At(result, path) is { } value
                ? value
                : throw new KeyNotFoundException(name);
        }

        return JsonSerializer.SerializeToElement(when.Said!.Match(LastSaid).Groups[name].Value);
    }

    // An item of a list by its number: lines.0.sku.
    private static JsonElement? At(JsonElement value, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member))
            {
                value = member;
            }
            else if (value.ValueKind == JsonValueKind.Array
                && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < value.GetArrayLength())
            {
                value = value[index];
            }
            else
            {
                return null;
            }
        }

        return value;
    }

    private static JsonElement Json(FunctionResultContent content)
    {
        if (content.Result is not string text)
        {
            return content.Result as JsonElement? ?? JsonSerializer.SerializeToElement(content.Result);
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text);
        }
    }

    // Errors reach a model as an exception, as an object with an error, or as a text that begins so.
    private static bool Failed(FunctionResultContent content)
    {
        var result = Json(content);
        return content.Exception is not null
            || (result.ValueKind == JsonValueKind.Object && result.TryGetProperty("error", out var error)
                && error.ValueKind is not JsonValueKind.Null and not JsonValueKind.False)
            || (result.ValueKind == JsonValueKind.String && result.GetString()!.StartsWith("Error:", StringComparison.OrdinalIgnoreCase));
    }
}

using System.Text.Json;
using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>The arguments of a tool call, as the model wrote them.</summary>
/// <remarks>The exact text goes along with every call as the additional property <c>rawArguments</c>: parsed and written again, a
/// number may lose digits, and a call sent back in other words than the model's is another call.</remarks>
public static class ToolArguments
{
    /// <summary>The additional property of a <see cref="FunctionCallContent"/> that holds the exact text of its arguments.</summary>
    public const string Raw = StoredReply.RawArguments;

    // Of two values for one name, an approval could judge one and the tool receive the other.
    private static readonly JsonDocumentOptions Unambiguous = new() { AllowDuplicateProperties = false };

    /// <summary>A call with its arguments parsed; without, and with <see cref="FunctionCallContent.Exception"/> set, if they are not
    /// one JSON object: that is the model's mistake, and goes back to it as the tool's result.</summary>
    /// <param name="whole">False if the reply ended early, when no text may be a text cut off.</param>
    internal static FunctionCallContent Parse(string callId, string name, string raw, bool whole)
    {
        var call = new FunctionCallContent(callId, name) { AdditionalProperties = new() { [Raw] = raw } };
        try
        {
            // Some models write nothing for a tool that takes nothing.
            using var json = JsonDocument.Parse(whole && string.IsNullOrWhiteSpace(raw) ? "{}" : raw, Unambiguous);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                call.Arguments = Members(json.RootElement);
            }
            else
            {
                call.Exception = new JsonException(
                    $"The arguments of '{name}' are a JSON {json.RootElement.ValueKind}; they must be an object.");
            }
        }
        catch (JsonException e)
        {
            call.Exception = new JsonException($"The arguments of '{name}' are not valid JSON: {e.Message}", e);
        }
        return call;
    }

    // Cloned, since they outlive the document.
    private static Dictionary<string, object?> Members(JsonElement json) =>
        json.EnumerateObject().ToDictionary(member => member.Name, member => (object?)member.Value.Clone());

    /// <summary>The text to send back: the model's own where it was kept.</summary>
    internal static BinaryData Text(FunctionCallContent call) => BinaryData.FromString(
        call.Stored(Raw) is { } raw ? (string.IsNullOrWhiteSpace(raw) ? "{}" : raw)
        : call.Arguments is null ? "{}"
        : StoredContent.Written(call.Arguments));
}

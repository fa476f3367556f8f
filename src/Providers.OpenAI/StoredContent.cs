using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>Contents that may have been stored as JSON since the model wrote them: their values may have become
/// <see cref="JsonElement"/>, and nothing but plain strings came back.</summary>
internal static class StoredContent
{
    // The defaults indent, and every blank is billed as prompt.
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    public static string? Stored(this AIContent content, string property) =>
        content.AdditionalProperties?.GetValueOrDefault(property) switch
        {
            string text => text,
            JsonElement { ValueKind: JsonValueKind.String } text => text.GetString(),
            _ => null,
        };

    /// <summary>A tool's result as the model reads it: text as it is, anything else as JSON.</summary>
    public static string ResultText(this FunctionResultContent result) => result.Result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        JsonElement json => json.GetRawText(),
        var value => Written(value),
    };

    public static string Written(object value) => JsonSerializer.Serialize(value, Compact.GetTypeInfo(value.GetType()));
}

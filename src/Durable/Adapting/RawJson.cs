using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Durable.Adapting;

/// <summary>
/// JSON that passes through another engine's serializer as it is: not quoted once more, so that a payload keeps its size, and not read, so
/// that it keeps its text. What stands behind the serializer may still read it: the Functions host takes numbers with a point for doubles, of
/// some 16 digits. Write longer ones as text.
/// </summary>
/// <param name="Text">Valid JSON; null for nothing.</param>
[JsonConverter(typeof(Converter))]
public readonly record struct RawJson(string? Text)
{
    /// <summary>What a client shows: null where nothing was given.</summary>
    public static string? Shown(string? json) => json is null or "null" ? null : json;

    public override string ToString() => Text ?? "null";

    internal sealed class Converter : JsonConverter<RawJson>
    {
        public override bool HandleNull => true;

        public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var value = JsonDocument.ParseValue(ref reader);
            return new RawJson(Shown(value.RootElement.GetRawText()));
        }

        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.Text ?? "null", skipInputValidation: true);
    }
}

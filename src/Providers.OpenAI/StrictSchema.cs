using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Providers.OpenAI;

/// <summary>Schemas as the service's strict mode takes them: every object closed, every property required, plain keywords only.</summary>
/// <remarks>Strict mode holds the model to the schema token by token, but refuses the whole request over a schema outside that
/// shape; and on the Responses API a tool that does not say is made strict. So strict is always said: on for a schema that
/// already has the shape, off for any other, since rewriting a schema would change what the tool's owner promised.</remarks>
internal static class StrictSchema
{
    // The keywords that OpenAI and Azure both take in strict mode. Formats and ranges are OpenAI's alone.
    private static readonly HashSet<string> Plain = new(StringComparer.Ordinal)
    {
        "$ref", "$defs", "type", "title", "description", "enum", "const", "anyOf",
        "properties", "required", "additionalProperties", "items",
    };

    public static bool Fits(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && IsObject(schema) && !schema.TryGetProperty("anyOf", out _) && FitsWithin(schema);

    /// <summary>A tool's schema as the service takes it: an object with properties, if only none.</summary>
    public static BinaryData Parameters(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return BinaryData.FromString("""{"type":"object","properties":{}}""");
        }

        if (schema.TryGetProperty("type", out _) && schema.TryGetProperty("properties", out _))
        {
            return BinaryData.FromString(schema.GetRawText());
        }

        var completed = JsonObject.Create(schema)!;
        completed.TryAdd("type", "object");
        completed.TryAdd("properties", new JsonObject());
        return BinaryData.FromString(completed.ToJsonString());
    }

    private static bool FitsWithin(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && schema.EnumerateObject().All(member => Plain.Contains(member.Name))
        && (!IsObject(schema) || IsClosed(schema))
        && Members(schema, "properties").All(FitsWithin)
        && Members(schema, "$defs").All(FitsWithin)
        && (!schema.TryGetProperty("items", out var items) || FitsWithin(items))
        && (!schema.TryGetProperty("anyOf", out var choices)
            || (choices.ValueKind == JsonValueKind.Array && choices.EnumerateArray().All(FitsWithin)));

    private static bool IsObject(JsonElement schema) => schema.TryGetProperty("type", out var type) && (type.ValueKind switch
    {
        JsonValueKind.String => type.ValueEquals("object"),
        JsonValueKind.Array => type.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.ValueEquals("object")),
        _ => false,
    });

    private static bool IsClosed(JsonElement schema)
    {
        if (!schema.TryGetProperty("additionalProperties", out var additional) || additional.ValueKind != JsonValueKind.False
            || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var required = schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()).ToHashSet()
            : [];
        return properties.EnumerateObject().All(property => required.Contains(property.Name));
    }

    private static IEnumerable<JsonElement> Members(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out var members) && members.ValueKind == JsonValueKind.Object
            ? members.EnumerateObject().Select(member => member.Value)
            : [];
}

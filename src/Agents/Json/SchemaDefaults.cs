using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Json;

/// <summary>Fills in what was left out, at every level that <c>properties</c>, <c>items</c> and <c>additionalProperties</c>
/// reach.</summary>
internal static class SchemaDefaults
{
    public static JsonNode? Fill(SchemaNode? schema, JsonElement value) => value.ValueKind switch
    {
        _ when schema is null => Node(value),
        JsonValueKind.Object => FillObject(schema, value),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select((item, i) => Fill(schema.ItemAt(i), item))]),
        _ => Node(value),
    };

    private static JsonNode? Node(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(value),
        JsonValueKind.Array => JsonArray.Create(value),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(value),
    };

    private static JsonObject FillObject(SchemaNode schema, JsonElement value)
    {
        var filled = new JsonObject();
        foreach (var member in value.EnumerateObject())
        {
            filled[member.Name] = Fill(schema.Properties.GetValueOrDefault(member.Name) ?? schema.Additional, member.Value);
        }

        foreach (var (name, property) in schema.Properties)
        {
            // A required property that is missing is an error, not a gap to fill.
            if (property.Default is { } given && !filled.ContainsKey(name) && !schema.Required.Contains(name))
            {
                filled[name] = Fill(property, given);
            }
        }

        return filled;
    }
}

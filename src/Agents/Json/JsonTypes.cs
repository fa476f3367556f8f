using System.Text.Json;

namespace Holdfast.Agents.Json;

/// <summary>The types that a schema lets a value have, by JSON Schema's names.</summary>
[Flags]
public enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    /// <summary>Any number; includes <see cref="Integer"/>.</summary>
    Number = 8 | Integer,
    String = 16,
    Array = 32,
    Object = 64,
    Any = Null | Boolean | Number | String | Array | Object,
}

internal static class JsonTypeNames
{
    private static readonly (JsonTypes Type, string Name, string Shown)[] Names =
    [
        (JsonTypes.Object, "object", "an object"), (JsonTypes.Array, "array", "an array"), (JsonTypes.String, "string", "a string"),
        (JsonTypes.Number, "number", "a number"), (JsonTypes.Integer, "integer", "a whole number"),
        (JsonTypes.Boolean, "boolean", "true or false"), (JsonTypes.Null, "null", "null"),
    ];

    public static string All { get; } = string.Join(", ", Names.Select(n => n.Name));

    public static JsonTypes? Find(string name) => Array.Find(Names, n => n.Name == name) is { Name: not null } found ? found.Type : null;

    /// <summary>As in "a number or null".</summary>
    public static string Show(JsonTypes types)
    {
        var shown = new List<string>();
        foreach (var (type, _, name) in Names)
        {
            // A number includes the whole numbers: it is named alone.
            if ((types & type) == type)
            {
                shown.Add(name);
                types &= ~type;
            }
        }

        return string.Join(" or ", shown);
    }

    /// <summary>The narrowest type of a value. 1.0 is a whole number, as JSON Schema has it.</summary>
    public static JsonTypes Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Number => ExactDecimal.Parse(value.GetRawText()).IsInteger ? JsonTypes.Integer : JsonTypes.Number,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Null => JsonTypes.Null,
        _ => throw new ArgumentException("The element holds no value: it was never assigned.", nameof(value)),
    };

    public static bool Allows(this JsonTypes types, JsonTypes one) => (types & one) == one;
}

using System.Text.Json;

namespace Holdfast.Agents.Json;

/// <summary>
/// A schema in the part of JSON Schema 2020-12 that is enforced here: type, properties, required, additionalProperties, items, prefixItems,
/// enum, const, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems, pattern, allOf, anyOf,
/// oneOf, not. The annotations title, description, format, $schema and $comment are read over; <c>default</c> is used to fill in what is
/// missing.
/// </summary>
public sealed class JsonSchema
{
    // A default may nest deeper than the value did; whether that is too deep is for the canonical form to say.
    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 4 * CanonicalJson.DeepestNesting };

    private readonly SchemaNode root;

    private JsonSchema(SchemaNode root) => this.root = root;

    /// <summary>The types that a value can have here, as far as <c>type</c>, <c>enum</c> and <c>const</c> say.</summary>
    public JsonTypes Types => root.PossibleTypes;

    /// <exception cref="JsonRefusedException">A keyword outside the supported part, or one whose value is of the wrong kind. Names
    /// both.</exception>
    public static JsonSchema Load(JsonElement schema) => new(SchemaReader.Read(schema.Clone(), "", 1));

    /// <summary>Everything that the value breaks, each as place, fact and remedy, for a person or a model (<c>amount: expected a number, got
    /// the string "ten".</c>); empty when it fits. Numbers are compared exactly, lengths counted in code points.</summary>
    public IReadOnlyList<string> Validate(JsonElement value)
    {
        var found = new List<string>();
        root.Validate(value, JsonPath.Root, found);
        return found;
    }

    /// <summary>
    /// The value with the defaults of missing optional properties, also inside objects and lists, but not by way of allOf, anyOf or oneOf.
    /// Filling twice changes nothing. A value that does not fit the schema is filled where it does.
    /// </summary>
    public JsonElement FillDefaults(JsonElement value) => JsonSerializer.SerializeToElement(SchemaDefaults.Fill(root, value), Deep);

    /// <summary>The schema of a property, by its dotted path from here; null if the schema does not name it under
    /// <c>properties</c>.</summary>
    public JsonSchema? At(string path)
    {
        var node = root;
        foreach (var name in path.Split('.'))
        {
            if (!node.Properties.TryGetValue(name, out node))
            {
                return null;
            }
        }

        return new(node);
    }
}

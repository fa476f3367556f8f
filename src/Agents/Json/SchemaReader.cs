using System.Globalization;
using System.Text.Json;

namespace Holdfast.Agents.Json;

/// <summary>Reads a schema; a keyword that would not be enforced is refused, so that no schema promises more than is checked.</summary>
internal static class SchemaReader
{
    private const string Known =
        "type, properties, required, additionalProperties, items, prefixItems, enum, const, minimum, maximum, exclusiveMinimum, "
        + "exclusiveMaximum, minLength, maxLength, minItems, maxItems, pattern, allOf, anyOf, oneOf, not, "
        + "default, title, description, format, $schema, $comment";

    public static SchemaNode Read(JsonElement schema, string path, int depth)
    {
        if (depth > CanonicalJson.DeepestNesting)
        {
            throw new JsonRefusedException(path, $"schema nested over {CanonicalJson.DeepestNesting} levels. Flatten it.");
        }

        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return schema.GetBoolean() ? SchemaNode.Anything : SchemaNode.Nothing;
        }

        var node = new SchemaNode();
        foreach (var keyword in Expect(schema, JsonValueKind.Object, "a schema: an object, true or false", path).EnumerateObject())
        {
            ReadKeyword(node, keyword.Name, keyword.Value, path, JsonPlace.Member(path, keyword.Name), depth + 1);
        }

        CheckDefault(node, path);
        return node;
    }

    private static void ReadKeyword(SchemaNode node, string keyword, JsonElement value, string path, string place, int depth)
    {
        switch (keyword)
        {
            case "type": node.Types = Types(value, place); break;
            case "enum": node.Enum = Both(node.Enum, List(value, place), place); break;
            case "const": node.Enum = Both(node.Enum, [value], place); break;
            case "properties": node.Properties = Members(value, place, depth); break;
            case "required": node.Required = Names(value, place); break;
            case "additionalProperties": node.Additional = Read(value, place, depth); break;
            case "items": node.Items = Read(value, place, depth); break;
            case "prefixItems": node.PrefixItems = Schemas(value, place, depth); break;
            case "minItems": node.MinItems = Count(value, place); break;
            case "maxItems": node.MaxItems = Count(value, place); break;
            case "minimum": node.Minimum = Number(value, place); break;
            case "maximum": node.Maximum = Number(value, place); break;
            case "exclusiveMinimum": node.ExclusiveMinimum = Number(value, place); break;
            case "exclusiveMaximum": node.ExclusiveMaximum = Number(value, place); break;
            case "minLength": node.MinLength = Count(value, place); break;
            case "maxLength": node.MaxLength = Count(value, place); break;
            case "pattern": ReadPattern(node, value, place); break;
            case "allOf": node.AllOf = Schemas(value, place, depth); break;
            case "anyOf": node.AnyOf = Schemas(value, place, depth); break;
            case "oneOf": node.OneOf = Schemas(value, place, depth); break;
            case "not": node.Not = Read(value, place, depth); break;
            case "default": node.Default = value; break;
            case "title" or "description" or "format" or "$schema" or "$comment":
                Expect(value, JsonValueKind.String, "a string", place);
                break;
            default:
                throw new JsonRefusedException(path, $"schema keyword '{keyword}' is not supported and would not be enforced. Remove it. "
                    + $"Supported: {Known}.");
        }
    }

    private static JsonTypes Types(JsonElement value, string place)
    {
        var names = value.ValueKind == JsonValueKind.Array ? List(value, place) : [value];
        return names.Aggregate(JsonTypes.None, (types, name) => types | (
            name.ValueKind == JsonValueKind.String && JsonTypeNames.Find(name.GetString()!) is { } type
                ? type
                : throw new JsonRefusedException(place, $"{JsonPlace.Show(name)} is no type. Types: {JsonTypeNames.All}.")));
    }

    private static Dictionary<string, SchemaNode> Members(JsonElement value, string place, int depth)
    {
        var members = new Dictionary<string, SchemaNode>(StringComparer.Ordinal);
        foreach (var member in Expect(value, JsonValueKind.Object, "an object of schemas", place).EnumerateObject())
        {
            if (!members.TryAdd(member.Name, Read(member.Value, JsonPlace.Member(place, member.Name), depth + 1)))
            {
                throw new JsonRefusedException(place, $"the key {JsonPlace.Quote(member.Name)} appears twice. Write it once.");
            }
        }

        return members;
    }

    private static void ReadPattern(SchemaNode node, JsonElement value, string place)
    {
        node.PatternText = Expect(value, JsonValueKind.String, "a regular expression", place).GetString()!;
        try
        {
            node.Pattern = SchemaPattern.Compile(node.PatternText);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new JsonRefusedException(place, $"{JsonPlace.Quote(node.PatternText)} cannot be run: {e.Message} Use no lookaround and "
                + "no back reference.", e);
        }
    }

    // A default is filled in after the caller's part was validated in the caller's mind: it must fit by itself.
    private static void CheckDefault(SchemaNode node, string path)
    {
        var found = new List<string>();
        if (node.Default is { } value)
        {
            // One without a canonical form would make every call that leaves it out fail.
            CanonicalJson.Write(value);
            node.Validate(value, JsonPath.At(path).Member("default"), found);
        }

        if (found.Count > 0)
        {
            throw new JsonRefusedException(path, $"the default does not fit its own schema: {found[0]}");
        }
    }

    // `const` is an enum of one; beside an enum, both hold.
    private static JsonElement[] Both(IReadOnlyList<JsonElement>? one, IReadOnlyList<JsonElement> other, string place)
    {
        var both = one is null ? [.. other] : other.Where(value => one.Any(v => JsonElement.DeepEquals(v, value))).ToArray();
        return both.Length > 0 ? both : throw new JsonRefusedException(place, "no value is left that could fit. List at least one.");
    }

    private static SchemaNode[] Schemas(JsonElement value, string place, int depth)
    {
        var schemas = List(value, place).Select((schema, i) => Read(schema, JsonPlace.Item(place, i), depth + 1)).ToArray();
        return schemas.Length > 0 ? schemas : throw new JsonRefusedException(place, "an empty list of schemas. Give at least one.");
    }

    private static string[] Names(JsonElement value, string place) =>
        [.. List(value, place).Select(name => Expect(name, JsonValueKind.String, "a list of names", place).GetString()!)];

    private static JsonElement[] List(JsonElement value, string place) =>
        [.. Expect(value, JsonValueKind.Array, "a list", place).EnumerateArray()];

    private static JsonElement Number(JsonElement value, string place) => Expect(value, JsonValueKind.Number, "a number", place);

    private static int Count(JsonElement value, string place) =>
        double.TryParse(Number(value, place).GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var count)
        && count is >= 0 and <= int.MaxValue && count == Math.Floor(count)
            ? (int)count
            : throw new JsonRefusedException(place, $"expected a whole number from 0 to {int.MaxValue}, got {JsonPlace.Show(value)}.");

    private static JsonElement Expect(JsonElement value, JsonValueKind kind, string expected, string place) => value.ValueKind == kind
        ? value
        : throw new JsonRefusedException(place, $"expected {expected}, got {JsonPlace.Show(value)}.");
}

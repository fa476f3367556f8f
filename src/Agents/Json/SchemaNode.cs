using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Agents.Json;

/// <summary>One schema, keyword by keyword; null where the keyword is absent.</summary>
internal sealed class SchemaNode
{
    public static SchemaNode Anything { get; } = new();

    public static SchemaNode Nothing { get; } = new() { Types = JsonTypes.None };

    public JsonTypes Types { get; set; } = JsonTypes.Any;
    public JsonElement? Default { get; set; }
    public IReadOnlyList<JsonElement>? Enum { get; set; }

    public IReadOnlyDictionary<string, SchemaNode> Properties { get; set; } = new Dictionary<string, SchemaNode>();
    public IReadOnlyList<string> Required { get; set; } = [];
    public SchemaNode? Additional { get; set; }

    public IReadOnlyList<SchemaNode> PrefixItems { get; set; } = [];
    public SchemaNode? Items { get; set; }
    public int? MinItems { get; set; }
    public int? MaxItems { get; set; }

    public JsonElement? Minimum { get; set; }
    public JsonElement? Maximum { get; set; }
    public JsonElement? ExclusiveMinimum { get; set; }
    public JsonElement? ExclusiveMaximum { get; set; }

    public int? MinLength { get; set; }
    public int? MaxLength { get; set; }
    public Regex? Pattern { get; set; }
    public string? PatternText { get; set; }

    public IReadOnlyList<SchemaNode> AllOf { get; set; } = [];
    public IReadOnlyList<SchemaNode>? AnyOf { get; set; }
    public IReadOnlyList<SchemaNode>? OneOf { get; set; }
    public SchemaNode? Not { get; set; }

    /// <summary>The types that a value can have here, as far as <c>type</c> and <c>enum</c> say.</summary>
    public JsonTypes PossibleTypes => Enum is null
        ? Types
        : Types & Enum.Aggregate(JsonTypes.None, (all, value) => all | JsonTypeNames.Of(value));

    public SchemaNode? ItemAt(int index) => index < PrefixItems.Count ? PrefixItems[index] : Items;

    public void Validate(JsonElement value, JsonPath path, List<string> found)
    {
        if (!Types.Allows(JsonTypeNames.Of(value)))
        {
            // One message a value: what else the schema asks of it presumes the right type.
            found.Add(Wrong(path, value, Types == JsonTypes.None ? "nothing here, leave it out" : JsonTypeNames.Show(Types)));
            return;
        }

        if (Enum is not null && !Enum.Any(allowed => JsonElement.DeepEquals(allowed, value)))
        {
            found.Add(Wrong(path, value, (Enum.Count == 1 ? "" : "one of ") + string.Join(", ", Enum.Select(e => e.GetRawText()))));
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                ValidateObject(value, path, found);
                break;
            case JsonValueKind.Array:
                ValidateArray(value, path, found);
                break;
            case JsonValueKind.Number:
                ValidateNumber(value, path, found);
                break;
            case JsonValueKind.String:
                ValidateString(value, path, found);
                break;
        }

        ValidateCombined(value, path, found);
    }

    private void ValidateObject(JsonElement value, JsonPath path, List<string> found)
    {
        foreach (var name in Required.Where(name => !value.TryGetProperty(name, out _)))
        {
            found.Add($"{path.Member(name)}: required, but missing. Add it.");
        }

        foreach (var member in value.EnumerateObject())
        {
            var place = path.Member(member.Name);
            if (Properties.TryGetValue(member.Name, out var schema))
            {
                schema.Validate(member.Value, place, found);
            }
            else if (Additional == Nothing)
            {
                var known = Properties.Count == 0 ? "No property is known here." : $"Known: {string.Join(", ", Properties.Keys)}.";
                found.Add($"{place}: not known here. Remove it. {known}");
            }
            else
            {
                Additional?.Validate(member.Value, place, found);
            }
        }
    }

    private void ValidateArray(JsonElement value, JsonPath path, List<string> found)
    {
        Bounds(value.GetArrayLength(), MinItems, MaxItems, "items", path, found);
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            ItemAt(index)?.Validate(item, path.Item(index), found);
            index++;
        }
    }

    private void ValidateNumber(JsonElement value, JsonPath path, List<string> found)
    {
        Limit(Minimum, (number, limit) => number >= limit, "at least");
        Limit(Maximum, (number, limit) => number <= limit, "at most");
        Limit(ExclusiveMinimum, (number, limit) => number > limit, "more than");
        Limit(ExclusiveMaximum, (number, limit) => number < limit, "less than");

        void Limit(JsonElement? limit, Func<ExactDecimal, ExactDecimal, bool> holds, string words)
        {
            if (limit is { } l && !holds(ExactDecimal.Parse(value.GetRawText()), ExactDecimal.Parse(l.GetRawText())))
            {
                found.Add(Wrong(path, value, $"{words} {l.GetRawText()}"));
            }
        }
    }

    private void ValidateString(JsonElement value, JsonPath path, List<string> found)
    {
        var text = value.GetString()!;
        if (MinLength is not null || MaxLength is not null)
        {
            // RFC 8259 characters are code points, not UTF-16 code units.
            Bounds(text.EnumerateRunes().Count(), MinLength, MaxLength, "characters", path, found);
        }

        if (Pattern?.IsMatch(text) == false)
        {
            found.Add(Wrong(path, value, $"a string that matches {PatternText}"));
        }
    }

    private void ValidateCombined(JsonElement value, JsonPath path, List<string> found)
    {
        foreach (var schema in AllOf)
        {
            schema.Validate(value, path, found);
        }

        if (AnyOf is not null && !AnyOf.Any(schema => schema.Accepts(value)))
        {
            found.Add(Wrong(path, value, $"one of {AnyOf.Count} forms, none of which fits"));
        }

        if (OneOf is not null && OneOf.Count(schema => schema.Accepts(value)) is not 1 and var fits)
        {
            found.Add(Wrong(path, value, string.Create(CultureInfo.InvariantCulture, $"exactly one of {OneOf.Count} forms, of which "
                + $"{fits} fit")));
        }

        if (Not?.Accepts(value) == true)
        {
            found.Add(Wrong(path, value, "a value other than what `not` excludes"));
        }
    }

    private bool Accepts(JsonElement value)
    {
        var found = new List<string>();
        Validate(value, JsonPath.Root, found);
        return found.Count == 0;
    }

    private static void Bounds(int count, int? least, int? most, string unit, JsonPath path, List<string> found)
    {
        if (count < least || count > most)
        {
            var expected = least == most ? $"{least}"
                : least is null ? $"at most {most}"
                : most is null ? $"at least {least}"
                : $"{least} to {most}";
            found.Add($"{JsonPlace.Name(path.ToString())}: expected {expected} {unit}, got {count}.");
        }
    }

    private static string Wrong(JsonPath path, JsonElement value, string expected) =>
        $"{JsonPlace.Name(path.ToString())}: expected {expected}, got {JsonPlace.Show(value)}.";
}

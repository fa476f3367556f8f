using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Pages;

/// <summary>A value that a person types or chooses, by its schema.</summary>
/// <param name="Name">Of the input: <c>answer</c>, <c>arg.amount</c>.</param>
/// <param name="Label">As the person reads it.</param>
/// <param name="Value">What stands in it at first.</param>
public sealed record FormField(string Name, string Label, FieldKind Kind, string Value)
{
    // From here on a text wants lines.
    private const int LongLine = 60;

    /// <summary>What can be chosen, as JSON and as it is read; of <see cref="FieldKind.Choice"/> and <see cref="FieldKind.YesOrNo"/>.</summary>
    public IReadOnlyList<(string Value, string Text)> Options { get; init; } = [];

    /// <summary>What it is, in the words of the schema; null for none.</summary>
    public string? Hint { get; init; }

    /// <param name="schema">A schema of one value, as in a tool's parameters: type, enum, format, title and description are looked at.</param>
    /// <param name="value">What stands in it at first; null for nothing.</param>
    /// <returns>Null for an object or a list, which no one field holds.</returns>
    public static FormField? Of(string name, string label, JsonElement schema, JsonElement? value, Reader reader)
    {
        var type = TypeOf(schema);
        var options = OptionsOf(schema, type);
        var kind = options.Count > 0 ? type == "boolean" ? FieldKind.YesOrNo : FieldKind.Choice : type switch
        {
            "integer" => FieldKind.Integer,
            "number" => FieldKind.Number,
            "string" when Text(schema, "format") == "date" => FieldKind.Date,
            "string" when value is { ValueKind: JsonValueKind.String } text && text.GetString() is var now && (now!.Length > LongLine || now.Contains('\n', StringComparison.Ordinal)) => FieldKind.LongText,
            "string" => FieldKind.Text,
            _ => (FieldKind?)null,
        };
        return kind is not { } known ? null : new(name, Text(schema, "title") ?? label, known, value is { } first ? Typed(first, known, reader) : "")
        {
            Options = options,
            Hint = Text(schema, "description"),
        };
    }

    /// <summary>Reads what was typed, exactly; whether it fits the schema is the schema's to say.</summary>
    /// <param name="error">What is wrong, for who typed it.</param>
    public bool TryRead(string typed, Reader reader, out JsonElement value, [NotNullWhen(false)] out string? error)
    {
        (value, error) = (default, null);
        switch (Kind)
        {
            case FieldKind.Choice or FieldKind.YesOrNo when Options.Any(option => option.Value == typed):
                value = JsonDocument.Parse(typed).RootElement;
                return true;
            case FieldKind.Choice or FieldKind.YesOrNo:
                error = "Choose one of these.";
                return false;
            case FieldKind.Integer or FieldKind.Number when reader.TryRead(typed, out var literal) && (Kind == FieldKind.Number || !literal.Contains('.', StringComparison.Ordinal)):
                value = JsonDocument.Parse(literal).RootElement;
                return true;
            case FieldKind.Integer:
                error = "Write a whole number, without signs between thousands.";
                return false;
            case FieldKind.Number:
                error = $"Write a number as {reader.Typed("1200.5")}, without signs between thousands.";
                return false;
            case FieldKind.Date when !DateOnly.TryParseExact(typed, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _):
                error = "Write a day as 2026-11-24.";
                return false;
            default:
                value = JsonSerializer.SerializeToElement(typed.ReplaceLineEndings("\n"));
                return true;
        }
    }

    private static string Typed(JsonElement value, FieldKind kind, Reader reader) => value.ValueKind switch
    {
        JsonValueKind.Number when kind is FieldKind.Number or FieldKind.Integer => reader.Typed(value.GetRawText()),
        JsonValueKind.String when kind is not FieldKind.Choice => value.GetString()!,
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };

    // ["number", "null"] is a number that may be left out.
    private static string? TypeOf(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out var type))
        {
            return schema.TryGetProperty("enum", out _) ? "enum" : null;
        }

        var types = type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()).Where(one => one != "null").ToList() : [type.GetString()];
        return types.Count == 1 ? types[0] : null;
    }

    private static IReadOnlyList<(string Value, string Text)> OptionsOf(JsonElement schema, string? type) =>
        schema.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array
            ? [.. values.EnumerateArray().Select(value => (value.GetRawText(), value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()))]
            : type == "boolean" ? [("true", "Yes"), ("false", "No")] : [];

    private static string? Text(JsonElement schema, string keyword) =>
        schema.TryGetProperty(keyword, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}

public enum FieldKind
{
    Text,
    LongText,
    Number,
    Integer,
    Date,
    YesOrNo,
    Choice,
}

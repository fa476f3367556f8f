using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Wording;

/// <summary>What a call will do, as its reader is told it: words of ours or of the tool's author, with the values that will really be used.</summary>
public sealed record Sentence(IReadOnlyList<SentencePart> Parts)
{
    // A value in a sentence; all of it stands in the table of arguments.
    private const int LongestValue = 120;

    /// <summary>What it is about in money, as its reader writes it; null for none.</summary>
    public string? Amount { get; init; }

    /// <summary>Whether the tool's own words were used.</summary>
    public bool IsTemplate { get; init; }

    /// <summary>By the tool's template, without one by the tool's name. A value that is not of its format stands as it is.</summary>
    public static Sentence Of(Template? template, string tool, JsonElement arguments, Reader reader)
    {
        if (template is null)
        {
            return new([new(Visible.Of(tool), IsValue: false)]);
        }

        var parts = new List<SentencePart>();
        foreach (var part in template.Parts)
        {
            parts.Add(part switch
            {
                TemplateText words => new(Visible.Of(words.Text), IsValue: false),
                TemplateValue value => new(Visible.Of(Show(value, arguments, reader), LongestValue), IsValue: true),
                _ => throw new InvalidOperationException($"A template has a part that no sentence knows: {part.GetType().Name}."),
            });
        }

        var amount = template.Amount is { } money && MoneyOf(money, arguments) is { } paid ? reader.Money(paid.Literal, paid.Currency) : null;
        return new(parts) { Amount = amount, IsTemplate = true };
    }

    /// <summary>What an agent wants to know, in its own words.</summary>
    public static Sentence OfQuestion(string text) => new([new(Visible.Of(text, 600), IsValue: true)]);

    /// <summary>On one line, without markup.</summary>
    public override string ToString() => string.Concat(Parts.Select(part => part.Text + (part.IsCut ? "…" : ""))).ReplaceLineEndings(" ");

    private static string Show(TemplateValue place, JsonElement arguments, Reader reader)
    {
        if (arguments.At(place.Path) is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value)
        {
            return "(nothing)";
        }

        return place.Format switch
        {
            TemplateFormat.Money when MoneyOf(place, arguments) is { } money => reader.Money(money.Literal, money.Currency),
            TemplateFormat.Number when Number(value) is { } literal => reader.Number(literal),
            TemplateFormat.Date when Date(value) is { } day => reader.Day(day),
            TemplateFormat.DateTime when Moment(value) is { } at => reader.Moment(at),
            _ => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText(),
        };
    }

    private static (string Literal, string Currency)? MoneyOf(TemplateValue place, JsonElement arguments)
    {
        var currency = place.Currency ?? (arguments.At(place.CurrencyPath!) is { ValueKind: JsonValueKind.String } code ? code.GetString()! : null);
        return arguments.At(place.Path) is { } value && Number(value) is { } literal && currency is { Length: 3 } && currency.All(char.IsAsciiLetterUpper)
            ? (literal, currency) : null;
    }

    // A string that is a JSON number counts: many tools take money so.
    private static string? Number(JsonElement value)
    {
        var text = value.ValueKind switch { JsonValueKind.Number => value.GetRawText(), JsonValueKind.String => value.GetString()!, _ => "" };
        return text.Length is > 0 and <= 100 && Argument.IsNumber(text) ? text : null;
    }

    private static DateOnly? Date(JsonElement value) =>
        value.ValueKind != JsonValueKind.String ? null
        : DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : Moment(value) is { } at ? DateOnly.FromDateTime(at.DateTime)
        : null;

    private static DateTimeOffset? Moment(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var at) && value.GetString()!.Contains('T', StringComparison.Ordinal) ? at : null;
}

/// <param name="IsValue">Whether it comes from the call, and so from a model.</param>
public sealed record SentencePart(VisibleText Text, bool IsValue)
{
    internal bool IsCut => Text.Rest.Count > 0;
}

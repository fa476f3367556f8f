using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Wording;

/// <summary>What a call will do, as its reader is told it: words of ours or of the tool's author, with the values that will really be used.</summary>
public sealed record Sentence(IReadOnlyList<SentencePart> Parts)
{
    // A value in a sentence; all of it stands in the table of arguments.
    private const int LongestValue = 120;
    private const int LongestQuestion = 600;

    /// <summary>What it is about in money, as its reader writes it; null for none.</summary>
    public string? Amount { get; init; }

    /// <summary>Whether the tool's own words were used.</summary>
    public bool IsTemplate { get; init; }

    /// <summary>By the tool's template, without one by the tool's name: Run issue_refund. A value that is not of its format stands as it is.</summary>
    public static Sentence Of(Template? template, string tool, JsonElement arguments, Reader reader)
    {
        if (template is null)
        {
            return new([new(Visible.Of($"Run {tool}"), SentencePartKind.Words)]);
        }

        var parts = new List<SentencePart>();
        foreach (var part in template.Parts)
        {
            parts.Add(part switch
            {
                TemplateText words => new(Visible.Of(words.Text), SentencePartKind.Words),
                TemplateValue value => Show(value, arguments, reader),
                _ => throw new InvalidOperationException($"A template has a part that no sentence knows: {part.GetType().Name}."),
            });
        }

        var amount = template.Amount is { } money && MoneyOf(money, arguments) is { } paid ? reader.Money(paid.Literal, paid.Currency) : null;
        return new(parts) { Amount = amount, IsTemplate = true };
    }

    /// <summary>What an agent wants to know, in its own words.</summary>
    public static Sentence OfQuestion(string text) => new([new(Visible.Of(text, LongestQuestion), SentencePartKind.Text)]);

    /// <summary>On one line without markup, for mail and messages: what a model may have written stands in “ ”.</summary>
    public string Line() => string.Concat(Parts.Select(part => part switch
    {
        { Kind: SentencePartKind.Text } => part.Text.Quoted(),
        { Text.Rest.Count: > 0 } => part.Text.Line(),
        _ => part.Text.ToString(),
    }));

    private static SentencePart Show(TemplateValue place, JsonElement arguments, Reader reader)
    {
        if (arguments.At(place.Path) is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value)
        {
            return Written("(nothing)");
        }

        return place.Format switch
        {
            TemplateFormat.Money when MoneyOf(place, arguments) is { } money => Written(reader.Money(money.Literal, money.Currency)),
            TemplateFormat.Number when Argument.NumberIn(value) is { } literal => Written(reader.Number(literal)),
            TemplateFormat.Date when Date(value) is { } day => Written(reader.Day(day)),
            TemplateFormat.DateTime when Moment(value) is { } at => Written(reader.Moment(at)),
            _ when value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => Written(value.GetRawText()),
            _ => new(Visible.Of(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText(), LongestValue), SentencePartKind.Text),
        };
    }

    private static SentencePart Written(string text) => new(Visible.Of(text, LongestValue), SentencePartKind.Figure);

    private static (string Literal, string Currency)? MoneyOf(TemplateValue place, JsonElement arguments)
    {
        var currency = place.Currency ?? (arguments.At(place.CurrencyPath!) is { ValueKind: JsonValueKind.String } code ? code.GetString()! : null);
        return arguments.At(place.Path) is { } value && Argument.NumberIn(value) is { } literal && currency is { Length: 3 } && currency.All(char.IsAsciiLetterUpper)
            ? (literal, currency) : null;
    }

    private static DateOnly? Date(JsonElement value) =>
        value.ValueKind != JsonValueKind.String ? null
        : DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : Moment(value) is { } at ? DateOnly.FromDateTime(at.DateTime)
        : null;

    private static DateTimeOffset? Moment(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var at) && value.GetString()!.Contains('T', StringComparison.Ordinal) ? at : null;
}

/// <summary>A piece of a <see cref="Sentence"/>.</summary>
public sealed record SentencePart(VisibleText Text, SentencePartKind Kind)
{
    /// <summary>Whether it comes from the call, and so from a model.</summary>
    public bool IsValue => Kind != SentencePartKind.Words;
}

/// <summary>Whose words they are.</summary>
public enum SentencePartKind
{
    /// <summary>Ours, or the tool's author's.</summary>
    Words,

    /// <summary>A number, an amount, a day, or that there is nothing: no words can stand in it.</summary>
    Figure,

    /// <summary>A value as the call has it: words that a model may have written.</summary>
    Text,
}

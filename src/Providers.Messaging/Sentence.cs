using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Wording;

namespace Holdfast.Providers.Messaging;

/// <summary>What a call does, as its reader is told: in the tool's own words, else by its name and its arguments. What a model may have written stands in “ ”.</summary>
internal static class Sentence
{
    // What ask_person is called with: a question, and what there is to choose from.
    private const string Question = "question";

    private const int LongestInSentence = 200;
    private const int LongestInTable = 500;
    private const int MostRows = 20;

    public static string Of(MessageItem item, Reader reader) => Words(item) is { } template
        ? string.Concat(template.Parts.Select(part => part is TemplateValue value ? Value(item.Arguments, value, reader) : ((TemplateText)part).Text))
        : item.Kind switch
        {
            Question => $"{Visible.Line(item.Agent, LongestInSentence)} asks {(item.Arguments.At(Question) is { } question ? Text(question, LongestInTable) : "a question")}",
            "inDoubt" => $"Run {Visible.Line(item.Tool, LongestInSentence)}, begun, with an end that nobody knows",
            _ => $"Run {Visible.Line(item.Tool, LongestInSentence)}",
        };

    /// <summary>The arguments, where the tool has no words for them.</summary>
    public static IReadOnlyList<Row> Table(MessageItem item)
    {
        if (Words(item) is not null || item.Arguments.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        if (item.Kind == Question)
        {
            return item.Arguments.At("choices") is { ValueKind: JsonValueKind.Array } choices
                ? [new("Choices", string.Join(", ", choices.EnumerateArray().Take(MostRows).Select(choice => Text(choice, LongestInSentence))))] : [];
        }

        var members = item.Arguments.EnumerateObject().ToList();
        var rows = members.Take(MostRows).Select(member => new Row(Visible.Line(member.Name, LongestInSentence), Text(member.Value, LongestInTable)));
        return members.Count <= MostRows ? [.. rows]
            : [.. rows, new Row("…", string.Create(CultureInfo.InvariantCulture, $"({members.Count - MostRows} more arguments)"))];
    }

    private static Template? Words(MessageItem item)
    {
        try
        {
            return item.Describe is { } words ? Template.Parse(words) : null;
        }
        catch (FormatException)
        {
            return null; // an agent of an older version, whose words were read otherwise
        }
    }

    private static string Value(JsonElement arguments, TemplateValue value, Reader reader)
    {
        if (arguments.At(value.Path) is not { ValueKind: not JsonValueKind.Null } found)
        {
            return "(nothing)";
        }

        return value.Format switch
        {
            TemplateFormat.Number when Literal(found) is { } literal => reader.Number(literal),
            TemplateFormat.Money when Literal(found) is { } literal && Currency(arguments, value) is { } currency => reader.Money(literal, currency),
            TemplateFormat.Date when Day(found) is { } day => reader.Day(day),
            TemplateFormat.DateTime when Moment(found) is { } moment => reader.Moment(moment),
            _ => Text(found, LongestInSentence),
        };
    }

    private static string? Literal(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;

    private static string? Currency(JsonElement arguments, TemplateValue value) => value.Currency
        ?? (value.CurrencyPath is { } path && arguments.At(path) is { ValueKind: JsonValueKind.String } found
            && found.GetString() is { Length: 3 } code && code.All(char.IsAsciiLetterUpper) ? code : null);

    private static DateOnly? Day(JsonElement value) => value.ValueKind != JsonValueKind.String ? null
        : DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : Moment(value) is { } moment ? DateOnly.FromDateTime(moment.DateTime) : null;

    private static DateTimeOffset? Moment(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString()!.Contains('T', StringComparison.OrdinalIgnoreCase) && value.TryGetDateTimeOffset(out var at) ? at : null;

    private static string Text(JsonElement value, int most) => value.ValueKind == JsonValueKind.String
        ? $"“{Visible.Line(value.GetString()!.Replace('“', '"').Replace('”', '"'), most)}”"
        : Visible.Line(value.GetRawText(), most);
}

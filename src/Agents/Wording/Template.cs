using System.Text.RegularExpressions;

namespace Holdfast.Agents.Wording;

/// <summary>
/// What a person is told about a call, in the tool's own words: text with <c>{path}</c> or <c>{path:format}</c> of an argument; <c>{{</c> and <c>}}</c> are
/// braces. A path goes into objects by dots: <c>customer.country</c>.
/// </summary>
public sealed partial class Template
{
    public const int Longest = 500;

    private const string Formats = "Known: money CUR, number, date, dateTime, text.";

    private Template(IReadOnlyList<TemplatePart> parts) => Parts = parts;

    /// <summary>In their order; never empty, and no two texts side by side.</summary>
    public IReadOnlyList<TemplatePart> Parts { get; }

    public IEnumerable<TemplateValue> Values => Parts.OfType<TemplateValue>();

    /// <summary>What the call is about in money: the first amount that is named; null for none.</summary>
    public TemplateValue? Amount => Values.FirstOrDefault(value => value.Format == TemplateFormat.Money);

    /// <summary>Null for none, and for words that an older release took otherwise: an agent's version keeps its own.</summary>
    public static Template? ParseOrNull(string? text)
    {
        try
        {
            return text is null ? null : Parse(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <exception cref="FormatException">No template; the message has the fact and the remedy.</exception>
    public static Template Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > Longest || string.IsNullOrWhiteSpace(text))
        {
            throw new FormatException($"{text.Length} characters, or nothing but spaces, are no description. Write 1 to {Longest}.");
        }

        if (text.Any(char.IsControl))
        {
            throw new FormatException("A line end or control character is in it. Write one line.");
        }

        var parts = new List<TemplatePart>();
        var end = 0;
        foreach (Match match in Part().Matches(text))
        {
            AddText(parts, text[end..match.Index]);
            end = match.Index + match.Length;
            if (match.Groups["stray"].Success)
            {
                throw new FormatException($"'{match.Value}' at character {match.Index + 1} is no placeholder. Write {{argument}} or {{argument:format}}; a brace itself is doubled.");
            }

            if (match.Groups["path"] is { Success: true } path)
            {
                parts.Add(Value(path.Value, match.Groups["format"] is { Success: true } format ? format.Value : "text"));
            }
            else
            {
                AddText(parts, match.Value[..1]);
            }
        }

        AddText(parts, text[end..]);
        return new(parts);
    }

    private static TemplateValue Value(string path, string format) => format.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["text"] => new(path, TemplateFormat.Text),
        ["number"] => new(path, TemplateFormat.Number),
        ["date"] => new(path, TemplateFormat.Date),
        ["dateTime"] => new(path, TemplateFormat.DateTime),
        ["money", var currency] when Code().IsMatch(currency) => new(path, TemplateFormat.Money) { Currency = currency },
        ["money", var argument] when Path().IsMatch(argument) => new(path, TemplateFormat.Money) { CurrencyPath = argument },
        ["money", ..] => throw new FormatException($"{{{path}:{format}}} has no currency. Write for example {{{path}:money EUR}}, or the argument that holds one: {{{path}:money currency}}."),
        _ => throw new FormatException($"{{{path}:{format}}} has no format that is known. {Formats}"),
    };

    private static void AddText(List<TemplatePart> parts, string text)
    {
        if (text.Length > 0 && parts is [.., TemplateText before])
        {
            parts[^1] = new TemplateText(before.Text + text);
        }
        else if (text.Length > 0)
        {
            parts.Add(new TemplateText(text));
        }
    }

    [GeneratedRegex(@"\{\{|\}\}|\{(?<path>[^{}:.\s]+(\.[^{}:.\s]+)*)(:(?<format>[^{}]*))?\}|(?<stray>[{}])", RegexOptions.ExplicitCapture)]
    private static partial Regex Part();

    [GeneratedRegex(@"^[A-Z]{3}\z")]
    private static partial Regex Code();

    [GeneratedRegex(@"^[^{}:.\s]+(\.[^{}:.\s]+)*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Path();
}

/// <summary>A piece of a <see cref="Template"/>.</summary>
public abstract record TemplatePart;

/// <summary>Words of who wrote the template.</summary>
public sealed record TemplateText(string Text) : TemplatePart;

/// <summary>The place of an argument.</summary>
/// <param name="Path">Which, by its dotted path.</param>
public sealed record TemplateValue(string Path, TemplateFormat Format) : TemplatePart
{
    /// <summary>Of money: its ISO 4217 code; null where <see cref="CurrencyPath"/> says it.</summary>
    public string? Currency { get; init; }

    /// <summary>Of money: the dotted path of the argument that holds the code; null where <see cref="Currency"/> says it.</summary>
    public string? CurrencyPath { get; init; }
}

/// <summary>How a value is written for its reader.</summary>
public enum TemplateFormat
{
    /// <summary>As it is.</summary>
    Text,

    /// <summary>A number in the reader's language.</summary>
    Number,

    /// <summary>An amount with its currency, in the reader's language.</summary>
    Money,

    /// <summary>A day (RFC 3339 full-date or date-time), in the reader's language.</summary>
    Date,

    /// <summary>A moment (RFC 3339 date-time), in the reader's language and time zone.</summary>
    DateTime,
}

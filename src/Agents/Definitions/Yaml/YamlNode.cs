using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions.Yaml;

/// <summary>A value in a YAML file, with the place where it starts. Line and column count from 1.</summary>
public abstract record YamlNode(int Line, int Column)
{
    /// <summary>As a message names it: "a list", "the number 5".</summary>
    public abstract string Shown { get; }
}

/// <summary>A mapping; no key twice.</summary>
public sealed record YamlMapping(IReadOnlyList<YamlEntry> Entries, int Line, int Column) : YamlNode(Line, Column)
{
    public override string Shown => "a mapping";
}

public sealed record YamlEntry(YamlScalar Key, YamlNode Value);

public sealed record YamlSequence(IReadOnlyList<YamlNode> Items, int Line, int Column) : YamlNode(Line, Column)
{
    public override string Shown => "a list";
}

/// <summary>
/// A scalar. Unquoted, it is what it would be in JSON: <c>true</c>, <c>false</c>, a number; nothing, <c>~</c> and <c>null</c> are null. All
/// else, and everything quoted, is text: <c>no</c>, <c>on</c>, <c>0x10</c> and <c>012</c> are not values in disguise here.
/// </summary>
/// <param name="Plain">Whether it was written without quotes.</param>
public sealed partial record YamlScalar(string Text, bool Plain, int Line, int Column) : YamlNode(Line, Column)
{
    public JsonValueKind Kind => !Plain ? JsonValueKind.String : Text switch
    {
        "" or "~" or "null" => JsonValueKind.Null,
        "true" => JsonValueKind.True,
        "false" => JsonValueKind.False,
        _ when Number().IsMatch(Text) => JsonValueKind.Number,
        _ => JsonValueKind.String,
    };

    public override string Shown => Kind switch
    {
        JsonValueKind.Null => "nothing",
        JsonValueKind.String => $"the text {JsonPlace.Quote(Text)}",
        JsonValueKind.Number => $"the number {Text}",
        _ => Text,
    };

    /// <exception cref="JsonRefusedException">A number that a double does not hold exactly.</exception>
    public JsonElement ToJson() => Kind switch
    {
        JsonValueKind.String => JsonSerializer.SerializeToElement(Text),
        JsonValueKind.Number => CanonicalJson.Parse(CanonicalJson.Write(CanonicalJson.Parse(Text))),
        JsonValueKind.Null => CanonicalJson.Parse("null"),
        _ => CanonicalJson.Parse(Text),
    };

    /// <summary>The whole number, or null if it is none or beyond an int.</summary>
    public int? ToInt() =>
        Kind == JsonValueKind.Number && int.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}

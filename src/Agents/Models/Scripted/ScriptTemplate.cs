using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Holdfast.Agents.Models.Scripted;

/// <summary>Text with <c>{group}</c> of the rule's <c>said</c> and <c>{tool.field}</c> of a tool's newest result; <c>{{</c> and <c>}}</c>
/// are braces.</summary>
internal sealed partial class ScriptTemplate
{
    private readonly IReadOnlyList<(string Text, bool IsName)> parts;

    private ScriptTemplate(IReadOnlyList<(string Text, bool IsName)> parts) => this.parts = parts;

    /// <summary>The names that it stands on, groups without a dot and fields with one.</summary>
    public IEnumerable<string> Names => parts.Where(p => p.IsName).Select(p => p.Text);

    /// <exception cref="FormatException">A brace that is neither a name's nor doubled.</exception>
    public static ScriptTemplate Parse(string text)
    {
        var parts = new List<(string, bool)>();
        var end = 0;
        foreach (Match match in Part().Matches(text))
        {
            if (match.Groups["stray"].Success)
            {
                throw new FormatException($"'{match.Value}' at character {match.Index + 1} is no placeholder. Write {{name}} or "
                    + $"{{tool.field}}; a brace itself is doubled.");
            }

            parts.Add((text[end..match.Index], false));
            parts.Add(match.Groups["name"] is { Success: true } name ? (name.Value, true) : (match.Value[..1], false));
            end = match.Index + match.Length;
        }

        parts.Add((text[end..], false));
        return new([.. parts.Where(p => p.Item1.Length > 0)]);
    }

    /// <exception cref="KeyNotFoundException">The conversation has no value for a name; the message is the name.</exception>
    public string Text(Func<string, JsonElement> value)
    {
        var text = new StringBuilder();
        foreach (var (part, isName) in parts)
        {
            text.Append(isName ? Show(value(part)) : part);
        }

        return text.ToString();
    }

    /// <summary>A value for an argument: what stands for one name alone keeps its JSON type.</summary>
    /// <exception cref="KeyNotFoundException">The conversation has no value for a name; the message is the name.</exception>
    public JsonNode? Value(Func<string, JsonElement> value) =>
        parts is [(var name, true)] ? JsonSerializer.SerializeToNode(value(name)) : JsonValue.Create(Text(value));

    private static string Show(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    [GeneratedRegex(@"\{\{|\}\}|\{(?<name>[A-Za-z0-9_-]+(\.[^{}.\s]+)*)\}|(?<stray>[{}])", RegexOptions.ExplicitCapture)]
    private static partial Regex Part();
}

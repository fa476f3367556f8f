using System.Text.Json;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>Arguments that a person has changed, judged as the model's were, and by what may be changed at all.</summary>
internal static class Edits
{
    /// <returns>The canonical arguments, or why they are refused, with the field.</returns>
    public static (string Arguments, RefusedException? Refusal) Read(Tool tool, string before, JsonElement edited, IReadOnlyList<string> may)
    {
        if (edited.ValueKind != JsonValueKind.Object)
        {
            return Refused($"arguments: expected an object, got {JsonPlace.Show(edited)}. Give all arguments of {tool.Name}.", "arguments");
        }

        var read = ToolArguments.Read(edited.GetRawText(), tool);
        if (read.Canonical is not { } canonical)
        {
            var first = tool.Schema.Validate(edited) is [var fault, ..] ? fault.Split(':')[0] : "";
            return Refused(read.Error!, first.Length > 0 && !first.StartsWith('(') ? $"arguments.{first}" : "arguments");
        }

        var (old, changed) = (CanonicalJson.Parse(before), CanonicalJson.Parse(canonical));
        foreach (var name in Names(old).Union(Names(changed), StringComparer.Ordinal))
        {
            if (!may.Contains(name, StringComparer.Ordinal) && !Same(old, changed, name))
            {
                return Refused($"arguments.{name}: it may not be edited here. What may: {string.Join(", ", may)}.", $"arguments.{name}");
            }
        }

        return canonical == before ? Refused("arguments: they are what they were. Approve the call, or change something.", "arguments") : (canonical, null);
    }

    private static IEnumerable<string> Names(JsonElement value) => value.EnumerateObject().Select(member => member.Name);

    private static bool Same(JsonElement one, JsonElement other, string name) =>
        one.TryGetProperty(name, out var a) == other.TryGetProperty(name, out var b) && (a.ValueKind == JsonValueKind.Undefined || JsonElement.DeepEquals(a, b));

    private static (string, RefusedException) Refused(string message, string field) => ("", new RefusedException(Refusal.Invalid, message, field));
}

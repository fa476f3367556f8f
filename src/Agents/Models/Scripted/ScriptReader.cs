using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Models.Scripted;

/// <summary>script.yaml as rules. What cannot work in any conversation is refused here.</summary>
internal sealed class ScriptReader(string file)
{
    private const RegexOptions SaidOptions =
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    public IReadOnlyList<ScriptRule> Read(YamlNode root)
    {
        var keys = new YamlKeys(file, root, "", "rules");
        keys.Require("rules");
        return [.. keys.List("rules").Select(rule => Rule(rule.Node, rule.Place))];
    }

    private ScriptRule Rule(YamlNode node, string place)
    {
        var keys = new YamlKeys(file, node, place, "when", "say", "call");
        if (keys.Find("say") is null && keys.Find("call") is null)
        {
            throw keys.Fault(node, $"{place}: the rule does nothing. Give it say, call or both.");
        }

        var when = keys.Find("when") is { } w ? When(w, keys.Place("when")) : ScriptWhen.Always;
        var say = keys.Find("say") is { } s ? Template(s, keys.Text(s, keys.Place("say")), keys.Place("say"), when) : null;
        return new(node.Line, when, say, [.. keys.List("call").Select(call => Call(call.Node, call.Place, when))]);
    }

    private ScriptWhen When(YamlNode node, string place)
    {
        var keys = new YamlKeys(file, node, place, "said", "after", "result", "failed", "turn");
        return new(
            keys.Find("said") is { } said ? Said(keys, said) : null,
            keys.Find("after") is null ? null : keys.Text("after"),
            keys.Find("result") is { } result ? Result(keys, result) : [],
            keys.Find("failed") is null ? null : keys.Flag("failed", otherwise: false),
            keys.Find("turn") is null ? null : keys.Number("turn", 1, 1, 1000));
    }

    private Regex Said(YamlKeys keys, YamlNode node)
    {
        var text = keys.Text(node, keys.Place("said"));
        try
        {
            return new Regex(text, SaidOptions);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new DefinitionException(file, node.Line, $"{keys.Place("said")}: not a regular expression that can be run: {e.Message} "
                + "Use no lookaround and no back reference.", e);
        }
    }

    private ScriptField[] Result(YamlKeys keys, YamlNode node)
    {
        var fields = node as YamlMapping ?? throw keys.Wrong(node, keys.Place("result"), "fields and their values");
        return [.. fields.Entries.Select(entry => entry.Value is YamlScalar value
            ? new ScriptField(entry.Key.Text, Scalar(value, $"{keys.Place("result")}.{entry.Key.Text}"))
            : throw keys.Wrong(entry.Value, $"{keys.Place("result")}.{entry.Key.Text}", "text, a number, true, false or null"))];
    }

    private ScriptCall Call(YamlNode node, string place, ScriptWhen when)
    {
        var keys = new YamlKeys(file, node, place, "tool", "arguments");
        var arguments = keys.Find("arguments");
        if (arguments is not null)
        {
            Check(arguments, keys.Place("arguments"), when);
        }

        return new(keys.Text("tool"), arguments);
    }

    private void Check(YamlNode node, string place, ScriptWhen when)
    {
        switch (node)
        {
            case YamlMapping mapping:
                foreach (var entry in mapping.Entries)
                {
                    Check(entry.Value, $"{place}.{entry.Key.Text}", when);
                }

                break;
            case YamlSequence sequence:
                for (var i = 0; i < sequence.Items.Count; i++)
                {
                    Check(sequence.Items[i], JsonPlace.Item(place, i), when);
                }

                break;
            case YamlScalar { Kind: JsonValueKind.String } text:
                Template(text, text.Text, place, when);
                break;
            case YamlScalar scalar:
                Scalar(scalar, place);
                break;
        }
    }

    private ScriptTemplate Template(YamlNode node, string text, string place, ScriptWhen when)
    {
        var groups = when.Said?.GetGroupNames().Where(g => !char.IsAsciiDigit(g[0])).ToArray() ?? [];
        try
        {
            var template = ScriptTemplate.Parse(text);
            var names = template.Names.Where(name => !name.Contains('.', StringComparison.Ordinal));
            return names.FirstOrDefault(name => !groups.Contains(name)) is { } unknown
                ? throw new FormatException($"{{{unknown}}} is no group of this rule's said. Groups: "
                    + $"{(groups.Length > 0 ? string.Join(", ", groups) : "none")}. A field of a result is {{tool.field}}.")
                : template;
        }
        catch (FormatException e)
        {
            throw new DefinitionException(file, node.Line, $"{place}: {e.Message}", e);
        }
    }

    private JsonElement Scalar(YamlScalar scalar, string place)
    {
        try
        {
            return scalar.ToJson();
        }
        catch (JsonRefusedException e)
        {
            throw new DefinitionException(file, scalar.Line, $"{place}: {scalar.Shown} is not held exactly by a double. Use fewer digits, "
                + "or quote it.", e);
        }
    }
}

using System.Text.Json;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions;

/// <summary><c>when: {amount: {over: 100}}</c> as conditions.</summary>
internal sealed class ConditionReader(string file, Dictionary<string, int> lines)
{
    private const string AnyScalar = "text, a number, true or false";

    private static readonly JsonValueKind[] AnyScalarKinds =
        [JsonValueKind.String, JsonValueKind.Number, JsonValueKind.True, JsonValueKind.False];

    private static readonly (string Word, Comparer Comparer)[] Comparers =
        [.. Enum.GetValues<Comparer>().Select(c => (JsonNamingPolicy.CamelCase.ConvertName(c.ToString()), c))];

    public IReadOnlyList<Condition> Read(YamlNode node, string place)
    {
        if (node is not YamlMapping { Entries.Count: > 0 } mapping)
        {
            throw Fault(node, $"{place}: expected arguments with comparisons, such as {{amount: {{over: 100}}}}, got "
                + $"{(node is YamlMapping ? "none" : node.Shown)}. Leave it out for a rule that always holds.");
        }

        return [.. mapping.Entries.Select(entry => Condition(entry, $"{place}.{entry.Key.Text}"))];
    }

    private Condition Condition(YamlEntry entry, string place)
    {
        var path = entry.Key.Text;
        if (path.Split('.').Contains(""))
        {
            throw Fault(entry.Key, $"{place}: '{path}' is no path. Separate the names of members by single dots.");
        }

        if (entry.Value is not YamlMapping { Entries.Count: > 0 } comparisons)
        {
            throw Fault(entry.Value, $"{place}: expected a comparison, got {entry.Value.Shown}. Write for example {{equals: …}}. Known: "
                + $"{Words}.");
        }

        lines[place] = entry.Key.Line;
        _ = new YamlKeys(file, comparisons, place, [.. Comparers.Select(c => c.Word)]);
        return new(path, [.. comparisons.Entries.Select(c => Comparison(c, $"{place}.{c.Key.Text}"))]);
    }

    private static string Words => string.Join(", ", Comparers.Select(c => c.Word));

    private Comparison Comparison(YamlEntry entry, string place)
    {
        var comparer = Array.Find(Comparers, c => c.Word == entry.Key.Text).Comparer;
        return new(comparer, comparer switch
        {
            Comparer.In => List(entry.Value, place),
            Comparer.StartsWith => Value(entry.Value, place, "text", JsonValueKind.String),
            Comparer.Equals or Comparer.Not => Value(entry.Value, place, AnyScalar, AnyScalarKinds),
            _ => Value(entry.Value, place, "a number", JsonValueKind.Number),
        });
    }

    private JsonElement List(YamlNode node, string place)
    {
        if (node is not YamlSequence { Items.Count: > 0 } list)
        {
            throw Fault(node, $"{place}: expected a list of values, got {(node is YamlSequence ? "an empty one" : node.Shown)}. Write for "
                + "example [EUR, USD].");
        }

        var values = list.Items.Select((item, i) => Value(item, JsonPlace.Item(place, i), AnyScalar, AnyScalarKinds));
        return JsonSerializer.SerializeToElement(values.ToArray());
    }

    private JsonElement Value(YamlNode node, string place, string expected, params JsonValueKind[] kinds)
    {
        if (node is not YamlScalar scalar || !kinds.Contains(scalar.Kind))
        {
            throw Fault(node, $"{place}: expected {expected}, got {node.Shown}.");
        }

        try
        {
            return scalar.ToJson();
        }
        catch (JsonRefusedException e)
        {
            throw new DefinitionException(file, node.Line, $"{place}: {node.Shown} is not held exactly by a double. Use fewer digits.", e);
        }
    }

    private DefinitionException Fault(YamlNode at, string message) => new(file, at.Line, message);
}

using System.Text.Json;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions.Yaml;

/// <summary>A mapping whose keys are known beforehand: any other is refused, and values are read as the type that the key has.</summary>
internal sealed class YamlKeys
{
    private readonly string file;
    private readonly string place;
    private readonly YamlMapping mapping;

    /// <param name="place">Where the mapping stands, as in <c>approvals[0]</c>; empty for the file's root.</param>
    /// <exception cref="DefinitionException">No mapping, or an unknown key.</exception>
    public YamlKeys(string file, YamlNode node, string place, params string[] known)
    {
        this.file = file;
        this.place = place;
        mapping = node as YamlMapping ?? throw Fault(node, $"{JsonPlace.Name(place)}: expected a mapping, got {node.Shown}. Known keys: "
            + $"{string.Join(", ", known)}.");
        foreach (var key in mapping.Entries.Select(e => e.Key).Where(key => !known.Contains(key.Text)))
        {
            var where = place.Length == 0 ? "" : $" in {place}";
            throw Fault(key, $"Unknown key '{key.Text}'{where}.{NearestName.Hint(key.Text, known)} Known: {string.Join(", ", known)}.");
        }
    }

    public YamlNode? Find(string key) => mapping.Entries.FirstOrDefault(e => e.Key.Text == key)?.Value;

    public YamlScalar? KeyOf(string key) => mapping.Entries.FirstOrDefault(e => e.Key.Text == key)?.Key;

    public YamlNode Require(string key) => Find(key) ?? throw Fault(mapping, $"{Place(key)} is missing. Add it.");

    public string Place(string key) => place.Length == 0 ? key : $"{place}.{key}";

    public DefinitionException Fault(YamlNode at, string message) => new(file, at.Line, message);

    public DefinitionException Wrong(YamlNode at, string place, string expected) =>
        Fault(at, $"{place}: expected {expected}, got {at.Shown}.");

    public string Text(string key, string? otherwise = null) =>
        Find(key) is null && otherwise is not null ? otherwise : Text(Require(key), Place(key));

    public string Text(YamlNode node, string place) => node switch
    {
        YamlScalar { Kind: JsonValueKind.String, Text.Length: > 0 } text => text.Text,
        YamlScalar { Kind: not JsonValueKind.String and not JsonValueKind.Null } => throw Fault(node, $"{place}: expected text, got "
            + $"{node.Shown}. Put it in quotes."),
        _ => throw Wrong(node, place, "text"),
    };

    public int Number(string key, int otherwise, int least, int most)
    {
        if (Find(key) is not { } node)
        {
            return otherwise;
        }

        return (node as YamlScalar)?.ToInt() is { } number && number >= least && number <= most
            ? number
            : throw Wrong(node, Place(key), $"a whole number from {least} to {most}");
    }

    public bool Flag(string key, bool otherwise) => Find(key) switch
    {
        null => otherwise,
        YamlScalar { Kind: JsonValueKind.True } => true,
        YamlScalar { Kind: JsonValueKind.False } => false,
        var node => throw Wrong(node, Place(key), "true or false"),
    };

    public TimeSpan Time(string key, TimeSpan otherwise, TimeSpan least, TimeSpan most) =>
        Find(key) is { } node ? Time(node, Place(key), least, most) : otherwise;

    public TimeSpan Time(YamlNode node, string place, TimeSpan least, TimeSpan most)
    {
        try
        {
            return node is YamlScalar scalar
                ? Duration.Parse(scalar.Text, least, most)
                : throw Wrong(node, place, "a duration such as 10m");
        }
        catch (FormatException e)
        {
            throw new DefinitionException(file, node.Line, $"{place}: {e.Message}", e);
        }
    }

    public T Choice<T>(string key, T otherwise, params (string Word, T Value)[] choices)
    {
        if (Find(key) is not { } node)
        {
            return otherwise;
        }

        var word = (node as YamlScalar)?.Text;
        var index = Array.FindIndex(choices, c => c.Word == word);
        return index >= 0 ? choices[index].Value : throw Wrong(node, Place(key), string.Join(" or ", choices.Select(c => c.Word)));
    }

    /// <summary>The items of a list with their places; empty if the key is absent.</summary>
    public IEnumerable<(YamlNode Node, string Place)> List(string key) => Find(key) switch
    {
        null => [],
        YamlSequence sequence => sequence.Items.Select((item, i) => (item, JsonPlace.Item(Place(key), i))),
        var node => throw Wrong(node, Place(key), "a list"),
    };
}

using System.Text.Json;

namespace Holdfast.Architecture.Infra;

/// <summary>What the published reference says of a resource type, as far as it is used here.</summary>
/// <param name="Set">Paths that may be set, with their kind as the reference writes it: string, int, 'a' | 'b', object.</param>
/// <param name="Read">Paths that may be read beside those.</param>
/// <param name="Required">Paths that must be set where what holds them is.</param>
internal sealed record ResourceType(IReadOnlyDictionary<string, string> Set, IReadOnlyDictionary<string, string> Read, IReadOnlyList<string> Required, string Source);

/// <summary>infra-bicep/resources.json: every resource type and version that may be used, looked up in the published types.</summary>
internal sealed class ResourceList
{
    private readonly Dictionary<string, ResourceType> types;

    private ResourceList(Dictionary<string, ResourceType> types) => this.types = types;

    public IReadOnlyDictionary<string, ResourceType> Types => types;

    public static ResourceList Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new(document.RootElement.GetProperty("resources").EnumerateObject().ToDictionary(type => type.Name, type => Type(type.Value), StringComparer.Ordinal));
    }

    /// <summary>The entry for a resource; some types are another thing under each name ("sites/config").</summary>
    public ResourceType? this[string type, string? name] => types.GetValueOrDefault(type) ?? (name is null ? null : types.GetValueOrDefault($"{type} {name}"));

    private static ResourceType Type(JsonElement type)
    {
        var set = Paths(type, "set");
        if (type.TryGetProperty("beyond", out var beyond))
        {
            foreach (var path in beyond.EnumerateObject())
            {
                set.Add(path.Name, path.Value.GetProperty("type").GetString()!);
            }
        }

        return new(set, Paths(type, "read"), [.. type.GetProperty("required").EnumerateArray().Select(path => path.GetString()!)], type.GetProperty("source").GetString()!);
    }

    private static Dictionary<string, string> Paths(JsonElement type, string name) => type.TryGetProperty(name, out var paths)
        ? paths.EnumerateObject().ToDictionary(path => path.Name, path => path.Value.GetString()!, StringComparer.Ordinal) : [];
}

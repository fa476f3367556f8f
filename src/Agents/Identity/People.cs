using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Identity;

/// <summary>Whom a host knows. A tenant of whose people it knows none goes by the roles of its principals.</summary>
public sealed record People(IReadOnlyList<Person> All)
{
    public static People Nobody { get; } = new([]);

    /// <summary>Which people these are: a digest of all that is said of them.</summary>
    [JsonIgnore]
    public string Hash => Digest.OfText(ToJson());

    public IReadOnlyList<Person> Of(string tenant) => [.. All.Where(person => person.Tenant == tenant)];

    public Person? Find(string tenant, string id) => All.FirstOrDefault(person => person.Tenant == tenant && person.Is(id));

    /// <summary>The names of those whom some ids mean, by the ids, however these are written; of an id that is nobody's, none.</summary>
    public IReadOnlyDictionary<string, string> Names(string tenant, IEnumerable<string?> ids)
    {
        var asked = ids.OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        return All.Where(person => person.Tenant == tenant && asked.Contains(person.Id)).ToDictionary(person => person.Id, person => person.Name, StringComparer.OrdinalIgnoreCase);
    }

    public string ToJson() => JsonSerializer.Serialize(this, PeopleJson.Default.People);

    public static People FromJson(string json) => JsonSerializer.Deserialize(json, PeopleJson.Default.People) ?? throw new JsonException("The stored people are null.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(People))]
internal sealed partial class PeopleJson : JsonSerializerContext;

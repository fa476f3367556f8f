using System.Text.Json;

namespace Holdfast.Agents.Json;

/// <summary>Values inside a document by their dotted path, as rules and templates name them: <c>customer.country</c>.</summary>
public static class JsonMembers
{
    /// <returns>Null where the path leads to nothing.</returns>
    public static JsonElement? At(this JsonElement value, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
            {
                return null;
            }
        }

        return value;
    }
}

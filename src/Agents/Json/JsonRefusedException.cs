namespace Holdfast.Agents.Json;

/// <summary>A JSON text, value or schema that is not taken as it stands. The message gives the place, the fact and the remedy.</summary>
public sealed class JsonRefusedException(string path, string message, Exception? inner = null)
    : Exception($"{JsonPlace.Name(path)}: {message}", inner)
{
    /// <summary>Where, as in <c>items[2].price</c>; empty for the whole document.</summary>
    public string Path { get; } = path;
}

using System.Globalization;
using System.Text.Json;

namespace Holdfast.Agents.Json;

/// <summary>How messages name a place in a document (<c>items[2].price</c>) and the value found there.</summary>
internal static class JsonPlace
{
    private const int LongestShown = 40;

    public static string Name(string path) => path.Length == 0 ? "(whole document)" : path;

    public static string Member(string path, string name) =>
        name.Length is 0 or > LongestShown || name.AsSpan().ContainsAny(".[]\" ") ? $"{path}[{Quote(name)}]" : path.Length == 0 ? name : $"{path}.{name}";

    public static string Item(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    /// <summary>The value as a message shows it: short, so that an error never repeats a document.</summary>
    public static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the string {Quote(value.GetString()!)}",
        JsonValueKind.Number => $"the number {Shorten(value.GetRawText())}",
        JsonValueKind.Null => "null",
        _ => value.GetRawText(),
    };

    public static string Quote(string text) => $"\"{Shorten(text)}\"";

    private static string Shorten(string text)
    {
        if (text.Length <= LongestShown)
        {
            return text;
        }

        // Cutting a surrogate pair in half would leave text that cannot be encoded.
        var end = char.IsHighSurrogate(text[LongestShown - 1]) ? LongestShown - 1 : LongestShown;
        return text[..end] + "…";
    }
}

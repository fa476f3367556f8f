using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Json;

/// <summary>
/// JSON in the one form that RFC 8785 (JSON Canonicalization Scheme) gives it, so that equal values have equal digests. What has no
/// such form without a guess is refused: a number that a double does not hold exactly, a key that appears twice, nesting over
/// <see cref="DeepestNesting"/> levels, half a surrogate pair.
/// </summary>
public static class CanonicalJson
{
    /// <summary>Levels of objects and arrays, the outermost counted.</summary>
    public const int DeepestNesting = 64;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = DeepestNesting, AllowDuplicateProperties = false };

    /// <summary>Reads a text of RFC 8259: no comments, no trailing commas, no key twice.</summary>
    /// <exception cref="JsonRefusedException">The text is not JSON, repeats a key or nests too deep.</exception>
    public static JsonElement Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            using var document = JsonDocument.Parse(text, Strict);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new JsonRefusedException("", $"not JSON that can be taken: {e.Message} Send one JSON value, each key once, at most "
                + $"{DeepestNesting} levels deep.", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The parser says so of text that holds half a surrogate pair, and of two keys that it cannot compare for the same reason.
            throw new JsonRefusedException("", "the text holds half a surrogate pair. Send valid Unicode.", e);
        }
    }

    /// <exception cref="JsonRefusedException">The value has no canonical form.</exception>
    public static string Write(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, value, JsonPath.Root, 0);
        return text.ToString();
    }

    /// <inheritdoc cref="Write(JsonElement)"/>
    public static string Write(JsonNode? value) => Write(Parse(NodeText.Of(value)));

    private static void Append(StringBuilder text, JsonElement value, JsonPath path, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AppendObject(text, value, path, Deeper(path, depth));
                break;
            case JsonValueKind.Array:
                AppendArray(text, value, path, Deeper(path, depth));
                break;
            case JsonValueKind.String:
                AppendString(text, Text(value.GetString, path));
                break;
            case JsonValueKind.Number:
                var literal = value.GetRawText();
                text.Append(CanonicalNumber.Write(literal) ?? throw new JsonRefusedException(path.ToString(),
                    $"{JsonPlace.Show(value)} is not held exactly by a double. Use fewer digits, or pass it as a string."));
                break;
            case JsonValueKind.Undefined:
                throw new ArgumentException("The element holds no value: it was never assigned.", nameof(value));
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void AppendObject(StringBuilder text, JsonElement value, JsonPath path, int depth)
    {
        var members = value.EnumerateObject().Select(member => (Name: Text(() => member.Name, path), member.Value)).ToArray();
        Array.Sort(members, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        text.Append('{');
        for (var i = 0; i < members.Length; i++)
        {
            var (name, member) = members[i];
            if (i > 0)
            {
                RefuseSameKey(members[i - 1].Name, name, path);
                text.Append(',');
            }

            AppendString(text, name);
            text.Append(':');
            Append(text, member, path.Member(name), depth);
        }

        text.Append('}');
    }

    private static void AppendArray(StringBuilder text, JsonElement value, JsonPath path, int depth)
    {
        text.Append('[');
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (index > 0)
            {
                text.Append(',');
            }

            Append(text, item, path.Item(index++), depth);
        }

        text.Append(']');
    }

    // RFC 8785, section 3.2.2.2: only what JSON itself cannot hold unescaped is escaped.
    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    internal static int Deeper(JsonPath path, int depth) => depth < DeepestNesting
        ? depth + 1
        : throw new JsonRefusedException(path.ToString(), $"nested over {DeepestNesting} levels. Flatten the value.");

    private static void RefuseSameKey(string previous, string name, JsonPath path)
    {
        if (previous == name)
        {
            throw new JsonRefusedException(path.ToString(), $"the key {JsonPlace.Quote(name)} appears twice. Send it once.");
        }
    }

    private static string Text(Func<string?> read, JsonPath path)
    {
        try
        {
            return read()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonRefusedException(path.ToString(), "the text holds half a surrogate pair. Send valid Unicode.", e);
        }
    }
}

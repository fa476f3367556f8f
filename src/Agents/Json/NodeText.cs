using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Json;

/// <summary>A node tree as text. System.Text.Json writes U+FFFD for half a surrogate pair, which would give two values one digest: this
/// looks first.</summary>
internal static class NodeText
{
    public static string Of(JsonNode? node)
    {
        try
        {
            Check(node, JsonPath.Root, 0);
            return node?.ToJsonString() ?? "null";
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // A parsed tree is read lazily and finds its repeated keys only now; a number that is none was never writable.
            throw new JsonRefusedException("", $"the node cannot be written as JSON: {e.Message} Build it from finite numbers, whole text "
                + "and keys that differ.", e);
        }
    }

    private static void Check(JsonNode? node, JsonPath path, int depth)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, member) in members)
            {
                RefuseHalfPair(name, path);
                Check(member, path.Member(name), CanonicalJson.Deeper(path, depth));
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Check(items[i], path.Item(i), CanonicalJson.Deeper(path, depth));
            }
        }
        else if (node is JsonValue value && value.GetValueKind() == JsonValueKind.String && value.TryGetValue<string>(out var text))
        {
            RefuseHalfPair(text, path);
        }
    }

    private static void RefuseHalfPair(string text, JsonPath path)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var pair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            if (char.IsSurrogate(text[i]) && !pair)
            {
                throw new JsonRefusedException(path.ToString(), "the text holds half a surrogate pair. Send valid Unicode.");
            }

            i += pair ? 1 : 0;
        }
    }
}

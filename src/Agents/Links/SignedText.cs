using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Links;

/// <summary>
/// What we say to ourselves through others' hands: <c>base64url(JSON).base64url(HMAC-SHA-256)</c>. The code is over the text before the point as it
/// stands, and is compared as text: bits of base64 that decode to nothing cannot be changed either. No byte is decoded before the code is right.
/// </summary>
internal static class SignedText
{
    /// <summary>The longest, in characters; what is longer is refused before any work.</summary>
    public const int Longest = 4096;

    private const int CodeLength = 43; // of 32 bytes
    private static readonly SearchValues<char> Letters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");

    public static string Write<T>(LinkKey key, LinkUse use, T claims, JsonTypeInfo<T> type)
    {
        var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(CanonicalJson.Write(JsonSerializer.SerializeToElement(claims, type))));
        var text = $"{payload}.{CodeOf(key, use, payload)}";
        return text.Length <= Longest ? text : throw new ArgumentException($"What a {use.Name} would say is {text.Length} characters long; {Longest} is the most. Shorten the ids in it.", nameof(claims));
    }

    /// <returns>What was said and the key that it was signed with, or why it is not to be believed.</returns>
    public static (T? Claims, LinkKey? Key, LinkFault Fault) Read<T>(LinkKeys keys, LinkUse use, string text, JsonTypeInfo<T> type)
        where T : class
    {
        if (text.Length > Longest || text.IndexOf('.', StringComparison.Ordinal) is var point && (point < 1 || text.Length - point - 1 != CodeLength)
            || text.AsSpan(0, point).ContainsAnyExcept(Letters) || text.AsSpan(point + 1).ContainsAnyExcept(Letters))
        {
            return (null, null, LinkFault.Malformed);
        }

        var (payload, code) = (text[..point], Encoding.ASCII.GetBytes(text[(point + 1)..]));
        if (keys.All.FirstOrDefault(key => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(CodeOf(key, use, payload)), code)) is not { } signer)
        {
            return (null, null, LinkFault.NotOurs);
        }

        try
        {
            return (JsonSerializer.Deserialize(Base64Url.DecodeFromChars(payload), type)!, signer, LinkFault.None);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return (null, null, LinkFault.Malformed); // ours, and of a release that says other things
        }
    }

    private static string CodeOf(LinkKey key, LinkUse use, string payload) => Base64Url.EncodeToString(key.Sign(use, payload));
}

/// <summary>Why what somebody sent is not believed. Whoever sent it is not told which.</summary>
public enum LinkFault
{
    None,

    /// <summary>It is not written as ours are.</summary>
    Malformed,

    /// <summary>No key here has signed it, or it was changed after. Which of the two cannot be told without reading what nobody has signed.</summary>
    NotOurs,
}

/// <summary>What is signed. Short names: links are long enough.</summary>
[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(LinkToken.Said), TypeInfoPropertyName = "Link")]
[JsonSerializable(typeof(PageNonce.Said), TypeInfoPropertyName = "View")]
[JsonSerializable(typeof(Sessions.Said), TypeInfoPropertyName = "Session")]
internal sealed partial class SignedJson : JsonSerializerContext;

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Json;

/// <summary>SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.</summary>
public static class Digest
{
    // Replacing half a surrogate pair would give two texts one digest.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Of the value's canonical form, so the order of its keys and its white space do not matter.</summary>
    /// <exception cref="JsonRefusedException">The value has no canonical form.</exception>
    public static string OfJson(JsonElement value) => OfText(CanonicalJson.Write(value));

    /// <inheritdoc cref="OfJson(JsonElement)"/>
    public static string OfJson(JsonNode? value) => OfText(CanonicalJson.Write(value));

    /// <summary>Of the text's UTF-8 bytes, without a byte order mark.</summary>
    /// <exception cref="EncoderFallbackException">The text holds half a surrogate pair.</exception>
    public static string OfText(string text) => Convert.ToHexStringLower(SHA256.HashData(Utf8.GetBytes(text)));
}

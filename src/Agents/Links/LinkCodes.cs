using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Agents.Links;

/// <summary>
/// The four digits beside a link: they stand in the message and not in the address, so that what opens every address in a mail does not have them.
/// Made from the link's id and stored nowhere.
/// </summary>
internal static class LinkCodes
{
    public const int Length = 4;

    /// <summary>Of a link whose token is made now.</summary>
    public static string Of(LinkKeys keys, string link) => Of(keys.Signing, link);

    /// <summary>Whether these are the digits that came with a token.</summary>
    /// <param name="key">The id of the key that has signed the token: that of the digits, too.</param>
    public static bool IsRight(LinkKeys keys, string key, string link, string code) => IsWritten(code) && keys.Find(key) is { } signer
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Of(signer, link)), Encoding.ASCII.GetBytes(code));

    /// <summary>Whether a text is four digits at all.</summary>
    public static bool IsWritten(string code) => code.Length == Length && !code.AsSpan().ContainsAnyExceptInRange('0', '9');

    // 2^64 is no multiple of 10,000: some codes are likelier than others by one in 10^15.
    private static string Of(LinkKey key, string link) =>
        (BinaryPrimitives.ReadUInt64BigEndian(key.Sign(LinkUse.Code, link)) % 10_000).ToString("D4", CultureInfo.InvariantCulture);
}

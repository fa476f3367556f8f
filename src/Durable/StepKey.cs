using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Durable;

/// <summary>Names derived from a step, the same in every execution and every replay.</summary>
public static class StepKey
{
    /// <summary>The idempotency key of a step: 32 lower-case hexadecimal digits.</summary>
    public static string Of(string instanceId, long step) => Convert.ToHexStringLower(Hash(instanceId, step, "key"));

    /// <summary>A GUID that depends on nothing but its place in the instance (RFC 9562, version 8).</summary>
    internal static Guid Guid(string instanceId, long step, int ordinal)
    {
        var bytes = Hash(instanceId, step, string.Create(CultureInfo.InvariantCulture, $"guid {ordinal}"));
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static byte[] Hash(string instanceId, long step, string purpose) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{purpose}\n{step}\n{instanceId}")))[..16];
}

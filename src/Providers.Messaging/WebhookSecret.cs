using System.Security.Cryptography;
using System.Text;
using Holdfast.Agents.Secrets;

namespace Holdfast.Providers.Messaging;

/// <summary>A key that signs deliveries, as Standard Webhooks writes it: <c>whsec_</c> and 24 to 64 bytes in base64.</summary>
public sealed class WebhookSecret
{
    private const string Prefix = "whsec_";
    private readonly Secret secret;

    /// <exception cref="ArgumentException">It is not written so.</exception>
    public WebhookSecret(Secret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        this.secret = secret;
        if (Key() is not { Length: >= 24 and <= 64 })
        {
            throw new ArgumentException($"{secret} is no key of Standard Webhooks. Write whsec_ and 24 to 64 random bytes in base64: echo whsec_$(openssl rand -base64 32)", nameof(secret));
        }
    }

    public override string ToString() => secret.ToString();

    /// <summary>One signature of the header webhook-signature.</summary>
    /// <param name="timestamp">When it is sent, in seconds since 1970.</param>
    internal string Sign(string id, string timestamp, byte[] body) =>
        $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Key()!, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]))}";

    private byte[]? Key()
    {
        var text = secret.Reveal();
        var key = new byte[text.Length];
        return text.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(text[Prefix.Length..], key, out var length) ? key[..length] : null;
    }
}

using System.Globalization;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;

namespace Holdfast.Providers.Messaging;

/// <summary>
/// A POST to a program of the operator's (a ticket system, a bridge to another chat), signed as Standard Webhooks has it: webhook-id stays the same over
/// retries, and with several keys each signs, so that one can be replaced by the next.
/// </summary>
public sealed class WebhookChannel : IChannel
{
    private readonly Uri url;
    private readonly IReadOnlyList<WebhookSecret> secrets;
    private readonly TimeProvider time;

    /// <param name="secrets">At least one.</param>
    /// <exception cref="ArgumentException">The address is no https address, or there is no key.</exception>
    public WebhookChannel(Uri url, IReadOnlyList<WebhookSecret> secrets, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(secrets);
        if (!url.IsAbsoluteUri || !Posting.IsAllowed(url))
        {
            throw new ArgumentException("The webhook's url is no https address without a user in it.", nameof(url));
        }

        if (secrets.Count == 0)
        {
            throw new ArgumentException("Nothing signs what is sent. Give a key.", nameof(secrets));
        }

        (this.url, this.secrets, this.time) = (url, secrets, time);
    }

    public string Name => ChannelNames.Webhook;

    public bool IsShared => true;

    /// <summary>It is told of everybody; whom it tells is up to it.</summary>
    public bool Reaches(Person? person) => true;

    public Task SendAsync(Message message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        var body = WebhookBody.Of(message);
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return Posting.SendAsync($"The webhook at {url.Host}", url, body,
        [
            new("webhook-id", message.Id),
            new("webhook-timestamp", timestamp),
            new("webhook-signature", string.Join(' ', secrets.Select(secret => secret.Sign(message.Id, timestamp, body)))),
        ], time, cancellation);
    }
}

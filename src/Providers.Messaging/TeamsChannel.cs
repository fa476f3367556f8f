using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;

namespace Holdfast.Providers.Messaging;

/// <summary>
/// A channel of Microsoft Teams, by the webhook of a workflow in it ("When a Teams webhook request is received"). All who read the channel see the card; it
/// mentions those who are asked.
/// </summary>
public sealed class TeamsChannel : IChannel
{
    private readonly Secret webhook;
    private readonly Uri address;
    private readonly TimeProvider time;

    /// <param name="webhook">The address that the workflow gave. Whoever has it can post there.</param>
    /// <exception cref="ArgumentException">It is no https address.</exception>
    public TeamsChannel(Secret webhook, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        (this.webhook, this.time) = (webhook, time);
        address = Uri.TryCreate(webhook.Reveal(), UriKind.Absolute, out var given) && Posting.IsAllowed(given) ? given
            : throw new ArgumentException($"The webhook ({webhook}) is no https address without a user in it.", nameof(webhook));
    }

    public string Name => ChannelNames.Teams;

    public bool IsShared => true;

    /// <summary>Who has a name in Teams, and nobody in particular.</summary>
    public bool Reaches(Person? person) => person is null or { Teams: not null };

    public Task SendAsync(Message message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Posting.SendAsync($"The Teams webhook ({webhook})", address, TeamsCard.Of(message), [], time, cancellation);
    }
}

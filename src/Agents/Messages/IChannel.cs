using Holdfast.Agents.Identity;

namespace Holdfast.Agents.Messages;

/// <summary>A way to tell people that they are asked. Safe for many sends at once.</summary>
public interface IChannel
{
    /// <summary>What rules and settings call it: email, teams, webhook, console.</summary>
    string Name { get; }

    /// <summary>
    /// Whether more people than the addressee can read what is sent. Then one message goes to the place for all who are asked, and its link
    /// names nobody: whoever opens it signs in.
    /// </summary>
    bool IsShared { get; }

    /// <summary>Whether it can reach this person; of a shared one, whether the person is told there.</summary>
    /// <param name="person">Null for nobody in particular, where it is not known who there is.</param>
    bool Reaches(Person? person);

    /// <summary>
    /// Hands a message over. May be called again for the same message, whose <see cref="Message.Id"/> stays the same, also when the earlier call was
    /// not answered.
    /// </summary>
    /// <exception cref="ChannelException">It was not taken. Anything else thrown counts as that, too.</exception>
    Task SendAsync(Message message, CancellationToken cancellation);
}

/// <summary>A message that was not taken. The text holds no secret, no link and no address of a webhook.</summary>
/// <param name="isFinal">Whether the same message would be refused again (no such mailbox): the next channel is tried at once.</param>
public sealed class ChannelException(string message, bool isFinal = false, Exception? inner = null) : Exception(message, inner)
{
    public bool IsFinal { get; } = isFinal;
}

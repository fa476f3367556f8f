namespace Holdfast.Agents.Messages;

/// <summary>How the channels of this host do.</summary>
public sealed class ChannelRoster
{
    private readonly AgentParts parts;

    internal ChannelRoster(AgentParts parts) => this.parts = parts;

    /// <summary>
    /// The names of those whose last message was not taken, by whichever host of the store it was sent; in the order in which they are tried. Empty when all
    /// is well. Why, the messages of an approval say.
    /// </summary>
    public Task<IReadOnlyList<string>> FailingAsync() => parts.Store.ReadAsync(async tx =>
    {
        var failing = await tx.ListAsync<string>("SELECT name FROM channels WHERE failed_at IS NOT NULL AND (worked_at IS NULL OR failed_at > worked_at)");
        return (IReadOnlyList<string>)[.. parts.Options.Channels.Select(channel => channel.Name).Where(failing.Contains)]; // one that a host had once is nobody's to mend
    });
}

namespace Holdfast.Agents.Messages;

/// <summary>What rules and settings call the ways to tell people.</summary>
public static class ChannelNames
{
    public const string Email = "email";
    public const string Teams = "teams";
    public const string Webhook = "webhook";

    /// <summary>The terminal of whoever started the host.</summary>
    public const string Console = "console";

    /// <summary>In the order in which they are tried where a rule names none.</summary>
    public static IReadOnlyList<string> All { get; } = [Email, Teams, Webhook, Console];
}

using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Pages;

/// <summary>A page as data: exactly what it shows, and to whom. Texts of people, models and tools are raw; the page makes them safe and visible.</summary>
public abstract record Page
{
    /// <summary>In whose language and time zone.</summary>
    public required Reader Reader { get; init; }

    /// <summary>What "in 2 days" counts from: the store's clock.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Who is signed in; null where nobody is, and then there is no way to other pages.</summary>
    public SignedIn? SignedIn { get; init; }

    /// <summary>Of the tab; no value of a call stands in it, for tabs are seen by others.</summary>
    internal abstract string Title { get; }

    internal virtual PageScript Script => PageScript.None;

    /// <summary>Which of the addresses in the head this is.</summary>
    internal virtual string? Place => null;
}

/// <param name="Name">As the page greets them.</param>
/// <param name="Nonce">For the button that signs out; null where the platform signs people in, and no button does.</param>
public sealed record SignedIn(string Name, string? Nonce = null);

/// <summary>A way to another page. Addresses are ours, never a model's.</summary>
public sealed record PageLink(string Text, string Address);

/// <summary>What the reader is told before anything else: what they have just done, or why it was not taken.</summary>
public sealed record Notice(NoticeKind Kind, string Text);

public enum NoticeKind
{
    Good,
    Warning,
    Error,
}

internal enum PageScript
{
    None,

    /// <summary>j, k and / in a list; everything works without.</summary>
    Inbox,
}

namespace Holdfast.Agents.Http.Pages;

/// <summary>An API key is turned into a session of this browser.</summary>
public sealed record SignInPage : Page
{
    /// <summary>Why the last try was not taken; null at first.</summary>
    public string? Error { get; init; }

    /// <summary>The address of ours to go to then; sent as <c>next</c>.</summary>
    public string? ReturnTo { get; init; }

    /// <summary>Sent as <c>nonce</c>; null for none.</summary>
    public string? Nonce { get; init; }

    internal override string Title => "Sign in";
}

/// <summary>Nothing to decide here: what is the matter, and what to do.</summary>
public sealed record ErrorPage : Page
{
    /// <summary>Of HTTP.</summary>
    public required int Status { get; init; }

    public required string Heading { get; init; }

    /// <summary>The fact and the remedy.</summary>
    public required string Text { get; init; }

    public PageLink? Next { get; init; }

    internal override string Title => Heading;
}

/// <summary>A mail as it is sent, on the machine where it is made.</summary>
public sealed record DevMailPage : Page
{
    /// <summary>As From, To, Subject, Message-ID.</summary>
    public required IReadOnlyList<(string Name, string Value)> Headers { get; init; }

    /// <summary>Shown in a frame that may do nothing.</summary>
    public required string Html { get; init; }

    public required string Text { get; init; }

    internal override string Title => "Mail";
}

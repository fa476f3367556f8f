using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages;

/// <summary>The pages of those who come with nothing to decide, or with nothing that says who they are. None says more than its reader may know.</summary>
public static class Refused
{
    private const string FromMessage = "Open the link in the latest message again, whole and unchanged.";

    /// <summary>Cut, changed, revoked, or signed by a key that is no more: which of these is not told.</summary>
    public static ErrorPage BadLink(Reader reader, DateTimeOffset now) =>
        Of(reader, now, StatusCodes.Status401Unauthorized, "This link is not good", $"It is incomplete, or it was withdrawn. {FromMessage}");

    public static ErrorPage NotFound(Reader reader, DateTimeOffset now) =>
        Of(reader, now, StatusCodes.Status404NotFound, "There is nothing here", "What was asked may belong to somebody else, or the address is not whole.");

    public static ErrorPage Expired(Reader reader, DateTimeOffset now, DateTimeOffset? at) => Of(reader, now, StatusCodes.Status410Gone, "Too late to decide",
        at is { } end ? $"This could be decided until {reader.Moment(end)}. Nothing that you do here has an effect." : "The time to decide is over. Nothing that you do here has an effect.");

    /// <param name="askedAnewAt">Where the new round is, for who signs in; null for nowhere.</param>
    public static ErrorPage Superseded(Reader reader, DateTimeOffset now, string? askedAnewAt) => Of(reader, now, StatusCodes.Status409Conflict, "This was asked anew",
        "What you were asked about has changed since. Who is asked about what it is now gets another message.") with
    {
        Next = askedAnewAt is null ? null : new("See what it is now", askedAnewAt),
    };

    /// <param name="why">A sentence: the run has ended, the tool is gone, the policy asks for more now.</param>
    public static ErrorPage Void(Reader reader, DateTimeOffset now, string why) =>
        Of(reader, now, StatusCodes.Status409Conflict, "Nothing left to decide", why);

    public static ErrorPage SignInNeeded(Reader reader, DateTimeOffset now, string signIn) =>
        Of(reader, now, StatusCodes.Status401Unauthorized, "Sign in to decide", "For this decision the link alone is not enough: sign in as the person who was asked.") with
        {
            Next = new("Sign in", signIn),
        };

    /// <summary>Not one of those who are asked, or the one who asked.</summary>
    public static ErrorPage NotYours(Reader reader, DateTimeOffset now, string why) =>
        Of(reader, now, StatusCodes.Status403Forbidden, "This is not yours to decide", why);

    public static ErrorPage TooManyTries(Reader reader, DateTimeOffset now, string signIn) =>
        Of(reader, now, StatusCodes.Status403Forbidden, "Too many wrong digits", "This link decides nothing any more. Sign in to decide, or ask for a new message.") with
        {
            Next = new("Sign in", signIn),
        };

    /// <summary>A form that was not ours, or one that was shown too long ago.</summary>
    public static ErrorPage NotFromOurPage(Reader reader, DateTimeOffset now) =>
        Of(reader, now, StatusCodes.Status403Forbidden, "Nothing was decided", "The form did not come from a page of ours, or the page was too old. Open it again and decide there.");

    private static ErrorPage Of(Reader reader, DateTimeOffset now, int status, string heading, string text) =>
        new() { Reader = reader, Now = now, Status = status, Heading = heading, Text = text };
}

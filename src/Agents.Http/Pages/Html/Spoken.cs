using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Http.Pages.Html;

/// <summary>Words of the API as words of a sentence.</summary>
internal static class Spoken
{
    public static string Of(VerdictKind verdict) => verdict switch
    {
        VerdictKind.RunAgain => "To run again",
        VerdictKind.GivenUp => "Given up",
        VerdictKind.Superseded => "Asked anew",
        VerdictKind.Void => "Not needed any more",
        _ => verdict.ToString(),
    };

    /// <summary>good, bad or off.</summary>
    public static string Colour(VerdictKind verdict) => verdict switch
    {
        VerdictKind.Approved or VerdictKind.Answered or VerdictKind.Happened or VerdictKind.RunAgain => "good",
        VerdictKind.Rejected or VerdictKind.GivenUp => "bad",
        _ => "off",
    };

    /// <summary>Of a call; null where there is nothing to say.</summary>
    public static string? OfRisk(Effect risk) => risk switch
    {
        Effect.External => "Reaches outside",
        Effect.Write => "Changes data",
        _ => null,
    };

    public static (string Text, string Colour) OfCall(string? state) => state switch
    {
        "done" => ("done", "good"),
        "started" => ("under way", "open"),
        "proposed" => ("waits", "open"),
        "inDoubt" => ("not known whether it happened", "warn"),
        "notDone" => ("not done", "bad"),
        "refused" => ("refused", "bad"),
        "rejected" => ("rejected by a person", "bad"),
        "expired" => ("nobody decided in time", "off"),
        "givenUp" => ("given up", "bad"),
        _ => (state ?? "", "off"),
    };
}

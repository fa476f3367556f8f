using System.Globalization;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>On whom or what a run waits, as a person reads it: by names, in their language and zone. Programs have <see cref="RunView.WaitingFor"/>.</summary>
internal sealed class WaitingWords(RunView run, Reader reader, Func<string, string> named)
{
    private const int MostNames = 4;
    private const int LongestFailure = 300;

    /// <param name="first">The approval that the run waits for first; null for none.</param>
    public string? Of(ApprovalView? first) => run.WaitingFor switch
    {
        null => null,
        { Kind: "person" } waiting when first is not null => Person(waiting, first),
        { Kind: "suspension", Who: { } who } waiting => $"{named(who)} suspended it on {reader.Moment(waiting.Since)}. {waiting.Next}",
        { Kind: "timer", LastFailure: { } failure } waiting => $"What failed last: {Visible.Of(failure, LongestFailure).Quoted()} {Again(waiting)}",
        { Kind: "timer" } waiting => Again(waiting),
        { Kind: "engine", LastFailure: not null } waiting => $"Nobody has served its engine since {reader.Moment(waiting.Since)}. {waiting.Next}",
        var waiting => waiting.Next,
    };

    private string Again(WaitingFor waiting) => waiting.Until is { } until ? $"It goes on by itself on {reader.Moment(until)}." : waiting.Next;

    private string Person(WaitingFor waiting, ApprovalView first)
    {
        var stage = first.Stages.FirstOrDefault(one => one.Have < one.Of);
        var who = waiting.IsForAdministrator ? "an administrator" : waiting.Asked.Count > 0 ? List(waiting.Asked) : Roles(first);
        var what = first.Kind switch
        {
            "question" => "to answer",
            "inDoubt" => $"to find out whether {first.Tool} happened",
            _ => "to decide",
        };
        var count = stage is { Of: > 1 } ? string.Create(CultureInfo.InvariantCulture, $" ({stage.Have} of {stage.Of} have)") : "";
        var until = waiting.Until is { } end ? $", until {reader.Moment(end)}" : "";
        var others = waiting.Approvals.Count - 1;
        return $"Waits for {who} {what}{count}{until}{(waiting.IsForAdministrator ? ", because nobody who is left could" : "")}."
            + (others > 0 ? string.Create(CultureInfo.InvariantCulture, $" {others} more {(others == 1 ? "waits" : "wait")} beside it.") : "");
    }

    /// <summary>Where it is not known who there is.</summary>
    private string Roles(ApprovalView first)
    {
        var who = string.Join(" or ", first.Stage.By.Select(selector => selector.Split(':', 2) is ["user", var id] ? id : $"whoever has the {selector.Replace(':', ' ')}"));
        return first.Stage.Requester == "allowed" ? who : $"{who}, but not {string.Join(" or ", new[] { run.RequestedBy, run.CreatedBy }.Where(id => id.Length > 0).Distinct().Select(named))},";
    }

    private static string List(IReadOnlyList<string> names)
    {
        IReadOnlyList<string> said = names.Count <= MostNames ? names : [.. names.Take(MostNames - 1), string.Create(CultureInfo.InvariantCulture, $"{names.Count - MostNames + 1} others")];
        return said.Count == 1 ? said[0] : $"{string.Join(", ", said.SkipLast(1))} or {said[^1]}";
    }
}

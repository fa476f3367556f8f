using Holdfast.Agents.Approvals;
using Holdfast.Agents.Http.Pages.Serving;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Tools;
using Holdfast.Agents.Wording;

namespace Holdfast.Agents.Http.Tests.Pages;

public sealed class WaitingWordsTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 24, 9, 30, 0, TimeSpan.Zero);

    private static readonly WaitingFor Asking = new("person", "role:manager", At, null, At.AddDays(1), "Raw.") { Approvals = ["apr_1"], Asked = ["Mia", "Max"] };

    [Theory]
    [InlineData("approval", 1, "Waits for Mia or Max to decide, until 2026-11-25 10:30\u00A0(Berlin, UTC+1).")]
    [InlineData("approval", 2, "Waits for Mia or Max to decide (1 of 2 have), until 2026-11-25 10:30\u00A0(Berlin, UTC+1).")]
    [InlineData("question", 1, "Waits for Mia or Max to answer, until 2026-11-25 10:30\u00A0(Berlin, UTC+1).")]
    [InlineData("inDoubt", 1, "Waits for Mia or Max to find out whether refund happened, until 2026-11-25 10:30\u00A0(Berlin, UTC+1).")]
    public void WhoIsAskedIsNamedWithWhatForAndUntilWhen(string kind, int of, string said) => Assert.Equal(said, Of(Asking, Approval(kind, of, ["role:manager"])));

    [Fact]
    public void OfManyAFewAreNamed() => Assert.StartsWith(
        "Waits for A, B, C or 9 others to decide", Of(Asking with { Asked = [.. "ABCDEFGHIJKL".Select(letter => $"{letter}")] }, Approval("approval", 1, ["role:manager"])), StringComparison.Ordinal);

    [Fact]
    public void WhatElseWaitsIsCounted() =>
        Assert.EndsWith(" 2 more wait beside it.", Of(Asking with { Approvals = ["apr_1", "apr_2", "apr_3"] }, Approval("approval", 1, ["role:manager"])), StringComparison.Ordinal);

    [Fact]
    public void WhatNobodyWhoIsLeftCanDecideIsForAnAdministrator() => Assert.Equal(
        "Waits for an administrator to decide, because nobody who is left could.", Of(Asking with { IsForAdministrator = true, Until = null }, Approval("approval", 1, ["role:manager"])));

    [Fact]
    public void WhereNobodyIsKnownTheRolesAreSaid() => Assert.Equal(
        "Waits for whoever has the role manager or ben, but not Anna Asks, to decide.", Of(Asking with { Asked = [], Until = null }, Approval("approval", 1, ["role:manager", "user:ben"])));

    [Theory]
    [InlineData("suspension", "anna", null, "Anna Asks suspended it on 2026-11-24 10:30\u00A0(Berlin, UTC+1). Raw.")]
    [InlineData("timer", null, "Busy “now”.", "What failed last: “Busy \"now\".” It goes on by itself on 2026-11-25 10:30\u00A0(Berlin, UTC+1).")]
    [InlineData("timer", null, null, "It goes on by itself on 2026-11-25 10:30\u00A0(Berlin, UTC+1).")]
    [InlineData("engine", null, "Engine x has not been seen since 2026-11-24T09:30:00Z.", "Nobody has served its engine since 2026-11-24 10:30\u00A0(Berlin, UTC+1). Raw.")]
    [InlineData("engine", null, null, "Raw.")]
    [InlineData("fault", "an operator", "It broke.", "Raw.")]
    public void WhatElseARunWaitsForIsSaidInTheReadersZone(string kind, string? who, string? failure, string said) =>
        Assert.Equal(said, Of(new(kind, who, At, failure, At.AddDays(1), "Raw."), null));

    private static string? Of(WaitingFor waiting, ApprovalView? first) => new WaitingWords(
        new RunView
        {
            Id = "run_1", Agent = "desk", AgentVersion = "v", Model = "scripted", Status = "waiting", Input = "", Approvals = [], Usage = new(0, 0, 0, 0, 0, 0, 0), RequestedBy = "anna", CreatedBy = "anna",
            Metadata = new Dictionary<string, string>(), CreatedAt = At, WaitingFor = waiting,
        },
        new Reader("en", "Europe/Berlin"),
        id => id == "anna" ? "Anna Asks" : id).Of(first);

    private static ApprovalView Approval(string kind, int of, string[] by) => new()
    {
        Id = "apr_1", Kind = kind, Status = "pending", RunId = "run_1", Agent = "desk", AgentVersion = "v", Tool = "refund", Risk = Effect.External, Arguments = default, Digest = "", Turn = 1, Index = 0, Round = 1,
        Stage = new(by, of, "denied"), Stages = [new(["role:clerk"], 1, 1, ["cyd"]), new(by, of, of - 1, [])], Votes = [], Decisions = [], Editable = [], RequestedBy = "anna", RequestedAt = At,
    };
}

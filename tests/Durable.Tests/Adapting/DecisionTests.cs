using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

public sealed class DecisionTests
{
    [Theory]
    [InlineData("2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00:01Z")]
    [InlineData("2026-01-01T23:59:59.9999999Z", "2026-01-02T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z")]
    public void ATimeIsRoundedUpToAWholeSecond(string due, string expected) =>
        Assert.Equal(Utc(expected), WholeSeconds.Up(Utc(due)));

    [Theory]
    [InlineData("00:10:00", 10)]
    [InlineData("-1", null)]
    public void AFunctionTimeoutIsRead(string text, int? minutes) =>
        Assert.Equal(minutes is { } some ? TimeSpan.FromMinutes(some) : null, FunctionTimeout.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("ten minutes")]
    [InlineData("00:01:00")]
    [InlineData("-00:10:00")]
    public void AFunctionTimeoutThatIsNoneIsRefusedWithItsForm(string text) =>
        Assert.Contains("hh:mm:ss", Assert.Throws<ArgumentException>(() => FunctionTimeout.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void WorkThatMayTakeAsLongAsItsFunctionIsRefused()
    {
        Assert.Null(FunctionTimeout.Refusal("Tool 'x'", TimeSpan.FromHours(1), null));
        Assert.Null(FunctionTimeout.Refusal("Tool 'x'", TimeSpan.FromMinutes(9) - TimeSpan.FromTicks(1), TimeSpan.FromMinutes(10)));
        Assert.Equal(
            "Tool 'x' may take 00:09:00, but a function is ended after 00:10:00 and needs 00:01:00 of that for itself. Give it less than 00:09:00, or raise functionTimeout in host.json.",
            FunctionTimeout.Refusal("Tool 'x'", TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10)));
    }

    [Theory]
    [InlineData("Running", OrchestrationRuntimeStatus.Running)]
    [InlineData("ContinuedAsNew", OrchestrationRuntimeStatus.Running)]
    [InlineData("Canceled", OrchestrationRuntimeStatus.Terminated)]
    [InlineData("Suspended", OrchestrationRuntimeStatus.Suspended)]
    public void AStatusIsTakenForOneOfOurs(string theirs, OrchestrationRuntimeStatus ours)
    {
        Assert.Equal(ours, ForeignStatuses.Ours(theirs));
        Assert.Contains(theirs, ForeignStatuses.Theirs(ours));
    }

    [Fact]
    public void EveryStatusOfOursHasItsNamesButPausedWhichOthersNeverAre()
    {
        Assert.Empty(ForeignStatuses.Theirs(OrchestrationRuntimeStatus.Paused));
        Assert.All(Enum.GetValues<OrchestrationRuntimeStatus>().Where(status => status != OrchestrationRuntimeStatus.Paused),
            status => Assert.All(ForeignStatuses.Theirs(status), theirs => Assert.Equal(status, ForeignStatuses.Ours(theirs))));
        Assert.Contains("newer", Assert.Throws<ArgumentException>(() => ForeignStatuses.Ours("Dreaming")).Message, StringComparison.Ordinal);
        Assert.Equal(["Pending", "Running", "Completed", "Failed", "Terminated", "Canceled", "Suspended"], ForeignStatuses.All);
    }

    [Fact]
    public void EveryRegisteredNameNeedsAFunctionOfItsKind()
    {
        var registry = Registry("AgentRun", "AskModel");
        Assert.Empty(FunctionNames.Problems(registry, [("AgentRun", FunctionNames.Orchestration), ("AskModel", FunctionNames.Activity), ("http", "httpTrigger")]));
        Assert.Equal(
            [
                "Orchestrator 'AgentRun' has no function. Add one line to the program: [Function(\"AgentRun\")] with an [OrchestrationTrigger] parameter.",
                "Activity 'AskModel' has no function, only 'askmodel' (orchestrationTrigger). Add one line to the program: [Function(\"AskModel\")] with an [ActivityTrigger] parameter.",
            ],
            FunctionNames.Problems(registry, [("askmodel", FunctionNames.Orchestration)]));
    }

    [Fact]
    public void ANameThatTheFunctionsHostRefusesOrTakesForAnotherIsToldAtTheStart()
    {
        Assert.Contains("'1st' cannot be the name of a function", Assert.Single(FunctionNames.Problems(Registry("1st"), [])), StringComparison.Ordinal);
        var clash = FunctionNames.Problems(Registry("Send", "send"), [("Send", FunctionNames.Orchestration), ("send", FunctionNames.Activity)]);
        Assert.Contains("'Send' (orchestrationTrigger) and 'send' (activityTrigger) are one name", Assert.Single(clash), StringComparison.Ordinal);
    }

    private static DurableRegistry Registry(string orchestrator, params string[] activities) => activities.Aggregate(
        TestRegistry.New().Orchestrator<int, int>(orchestrator, (_, n) => Task.FromResult(n)),
        (registry, activity) => registry.Activity<int, int>(activity, (_, n) => n));

    private static DateTime Utc(string text) =>
        DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.RoundtripKind);
}

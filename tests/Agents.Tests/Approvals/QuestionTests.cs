using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class QuestionTests
{
    [Theory]
    [InlineData("""{"question":"Which colour?"}""", "\"Blue.\"")]
    [InlineData("""{"question":"Which colour?","kind":"choice","choices":["red","blue"]}""", "\"blue\"")]
    [InlineData("""{"question":"How many?","kind":"number","schema":{"minimum":1}}""", "3")]
    [InlineData("""{"question":"When?","kind":"date"}""", "\"2026-12-24\"")]
    public async Task AnAnswerIsWhatTheModelGets(string question, string answer)
    {
        var (desk, model, run, asked) = await AskedAsync(question);
        await using var owned = desk;
        Assert.Equal(("question", "pending"), (asked.Kind, asked.Status));
        Assert.Equal(["answer", "reject"], asked.Decisions);
        Assert.Equal("waiting", (await desk.FindAsync(run)).Status);
        var record = await desk.DecideAsync(asked.Id, "answer", result: answer);
        await desk.SettleAsync();
        Assert.Equal(("answered", answer), (record.Status, record.Result!.Value.GetRawText()));
        Assert.Equal(answer, model.Asked[1].Results.Single());
        Assert.Equal("completed", (await desk.FindAsync(run)).Outcome?.Kind);
    }

    [Theory]
    [InlineData("""{"question":"Which?","kind":"choice","choices":["red","blue"]}""", "\"green\"")]
    [InlineData("""{"question":"How many?","kind":"number","schema":{"minimum":1}}""", "0")]
    [InlineData("""{"question":"How many?","kind":"number"}""", "\"3\"")]
    [InlineData("""{"question":"When?","kind":"date"}""", "\"2026-02-30\"")]
    [InlineData("""{"question":"What?"}""", "\"\"")]
    public async Task WhatIsNoAnswerIsRefusedWithTheField(string question, string answer)
    {
        var (desk, _, _, asked) = await AskedAsync(question);
        await using var owned = desk;
        var refused = await Assert.ThrowsAsync<RefusedException>(() => desk.DecideAsync(asked.Id, "answer", result: answer));
        Assert.Equal((Refusal.Invalid, "result"), (refused.Refusal, refused.Field));
        Assert.Equal("pending", (await desk.ApprovalAsync(asked.Id)).Status);
    }

    [Theory]
    [InlineData("""{"question":"Which?","kind":"choice"}""", "choices")]
    [InlineData("""{"question":"Which?","choices":["a","b"]}""", "choices")]
    [InlineData("""{"question":"Which?","kind":"choice","choices":["a","a"]}""", "choices")]
    [InlineData("""{"question":"Which?","schema":{"typ":"string"}}""", "schema")]
    public async Task AQuestionThatCannotBeAskedGoesBackToTheModel(string question, string said)
    {
        var model = Given.Calling(Question.ToolName, question);
        await using var desk = await RunHarness.StartAsync(new Deployment(model) { Own = [Question.ToolName] });
        await desk.RunAsync();
        Assert.Contains(said, model.Asked[1].Results.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereSeveralAreAskedTheyAnswerTheSame()
    {
        var rule = new ApprovalRule(Question.ToolName, [], new() { Stages = [new(["role:manager"], 2)] });
        var model = Given.Calling(Question.ToolName, """{"question":"How many?","kind":"number"}""");
        await using var desk = await RunHarness.StartAsync(new Deployment(model) { Own = [Question.ToolName], People = Staff.People }.Asking(rule));
        var run = await desk.RunAsync();
        var asked = (await desk.PendingAsync(run)).Single();
        await desk.DecideAsync(asked.Id, "answer", Staff.Mia, result: "3");
        Assert.Equal(Refusal.Conflict, await Given.RefusedAsync(() => desk.DecideAsync(asked.Id, "answer", Staff.Max, result: "4")));
        await desk.DecideAsync(asked.Id, "answer", Staff.Max, result: "3");
        await desk.SettleAsync();
        Assert.Equal("3", model.Asked[1].Results.Single());
    }

    [Fact]
    public async Task AQuestionThatNobodyAnswersEndsAndTheModelIsTold()
    {
        var (desk, model, run, _) = await AskedAsync("""{"question":"What?"}""");
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromDays(4));
        Assert.Contains("Nobody answered in time", model.Asked[1].Results.Single(), StringComparison.Ordinal);
        Assert.Equal("completed", (await desk.FindAsync(run)).Outcome?.Kind);
    }

    [Fact]
    public async Task AQuestionIsAnsweredOnceAlsoIfTheProcessIsKilledAfterwards()
    {
        var (desk, model, run, asked) = await AskedAsync("""{"question":"What?"}""");
        await using var owned = desk;
        var reached = desk.ReachAsync(AgentCrashPoints.WordStored);
        await desk.DecideAsync(asked.Id, "answer", result: "\"Yes.\"");
        await reached;
        await desk.RestartAsync();
        await desk.SettleAsync();
        Assert.Equal("\"Yes.\"", model.Asked[1].Results.Single());
    }

    private static async Task<(RunHarness Desk, FakeModel Model, string Run, ApprovalView Asked)> AskedAsync(string question)
    {
        var model = Given.Calling(Question.ToolName, question);
        var desk = await RunHarness.StartAsync(new Deployment(model) { Own = [Question.ToolName] });
        var run = await desk.RunAsync();
        return (desk, model, run, (await desk.PendingAsync(run)).Single());
    }
}

using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class TurnTests
{
    [Fact]
    public async Task APlainAnswerIsTwoActivities()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("Hello."))));
        var run = await desk.FindAsync(await desk.RunAsync("Hi."));

        Assert.Equal(("ended", OutcomeKinds.Completed, "Hello."), (run.Status, run.Outcome!.Kind, run.Output));
        Assert.Equal("AskModel CloseRun", desk.Activities());
    }

    [Fact]
    public async Task NoHistoryHoldsWhatWasSaid()
    {
        var tool = FakeTool.Reading("look");
        tool.Act = (_, _) => Task.FromResult<object?>("SECRETRESULT");
        var model = new FakeModel(FakeReply.Call("look", """{"q":"SECRETARGUMENT"}"""), FakeReply.Says("SECRETANSWER").AfterFailures(1, () => new InvalidOperationException("SECRETFAULT")));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, tool) { Instructions = "SECRETINSTRUCTIONS" });
        var run = await desk.RunAsync("SECRETINPUT");
        await desk.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("SECRETANSWER", (await desk.FindAsync(run)).Output);
        Assert.Equal("", desk.InEngine("SELECT COALESCE(group_concat(payload), '') FROM history WHERE payload LIKE '%SECRET%'"));
    }

    [Fact]
    public async Task TheModelIsToldItsCallsAndTheirResultsInOrder()
    {
        var (slow, quick) = (FakeTool.Reading("slow"), FakeTool.Reading("quick"));
        slow.Act = async (_, _) =>
        {
            await Task.Yield();
            return 1;
        };
        quick.Act = (_, _) => Task.FromResult<object?>(2);
        var model = Given.Calling(("slow", "{}"), ("quick", "{}"));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, slow, quick));
        await desk.RunAsync();

        Assert.Equal(["1", "2"], model.Asked[1].Results);
    }

    [Fact]
    public async Task ARunOf45TurnsContinuesAsNewAndForgetsNothing()
    {
        var tool = FakeTool.Reading("look");
        var model = new FakeModel([.. Enumerable.Repeat(FakeReply.Call("look"), 44), FakeReply.Says("Done.")]);
        await using var desk = await RunHarness.StartAsync(new Deployment(model, tool));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Equal((OutcomeKinds.Completed, 45, 44), (run.Outcome!.Kind, run.Usage.Turns, tool.Requests.Count));
        Assert.Equal(44, model.Asked[^1].Results.Count);
        Assert.Equal("10", desk.InEngine("SELECT COUNT(*) FROM history WHERE kind = 20")); // turns 41 to 45 and the close; before them nothing
    }

    [Fact]
    public async Task WhatAModelIsSentIsTheSameAfterARestart()
    {
        var turnstile = new Turnstile();
        var tool = FakeTool.Reading("look");
        var model = new FakeModel(FakeReply.Call("look", """{"a":1}"""), FakeReply.Call("look", """{"a":2}"""), FakeReply.Says("Done.") with { Before = (_, _) => turnstile.PassAsync() });
        await using var desk = await RunHarness.StartAsync(new Deployment(model, tool));
        await desk.StartRunAsync();
        await turnstile.Entered;
        await desk.RestartAsync();
        await desk.SettleAsync();

        Assert.Equal(2, model.Asked.Count(prompt => prompt.Turn == 3));
        Assert.Equal(Text(model.Asked[2]), Text(model.Asked[3]));

        static string Text(FakePrompt prompt) => string.Join("\n", prompt.Messages.SelectMany(message => message.Contents).Select(content => content switch
        {
            Microsoft.Extensions.AI.TextContent text => text.Text,
            Microsoft.Extensions.AI.FunctionCallContent call => $"{call.CallId} {call.Name} {call.AdditionalProperties![StoredReply.RawArguments]}",
            Microsoft.Extensions.AI.FunctionResultContent result => $"{result.CallId} {result.Result}",
            _ => content.ToString(),
        }));
    }

    [Theory]
    [InlineData("nothing_like_it", "{}", "There is no tool")]
    [InlineData("refund", "{not json", "refused")]
    [InlineData("refund", """{"amount":true}""", "refused")]
    [InlineData("refund", """{"amount":0.1000000000000000055511151231257827}""", "refused")]
    [InlineData("refund", """{"amount":9007199254740993}""", "refused")]
    public async Task AFaultOfTheModelGoesBackToItAndCounts(string tool, string arguments, string told)
    {
        var refund = Given.Refund();
        var model = Given.Calling(tool, arguments);
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Contains(told, model.Asked[1].Results.Single(), StringComparison.Ordinal);
        Assert.Equal((OutcomeKinds.Completed, 1), (run.Outcome!.Kind, run.Usage.ToolCalls));
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task ACutReplyEndsTheRunAndItsCallsAreNotMade()
    {
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(
            new FakeModel(FakeReply.Call("refund") with { Finish = Microsoft.Extensions.AI.ChatFinishReason.Length }), refund));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Equal((OutcomeKinds.LimitReached, "outputTokens"), (run.Outcome!.Kind, run.Outcome.Limit));
        Assert.Empty(refund.Requests);
    }

    [Fact]
    public async Task EventsAreNumberedWithoutGaps()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("look"), FakeTool.Reading("look")));
        var run = await desk.RunAsync();
        var events = (await desk.Queries.EventsAsync(RunHarness.Anna, run, 0))!.Items;

        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(one => one.Seq));
        Assert.Equal([RunEvents.Created, RunEvents.ModelReplied, RunEvents.ToolStarted, RunEvents.ToolFinished, RunEvents.ModelReplied, RunEvents.Ended],
            events.Select(one => one.Type));
    }
}

using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models.Scripted;
using Microsoft.Extensions.AI;
using Xunit;

namespace Holdfast.Agents.Tests.Models;

public sealed class ScriptedModelTests
{
    private const string Refund = """
        rules:
          - when: {said: 'refund (?<amount>\d+) for (?<order>[a-z]-\d+)', after: nothing}
            say: Looking up {order}.
            call: [{tool: lookup_order, arguments: {order: '{order}', note: 'asked: {amount}', deep: [true, 1.50, {x: null}]}}]
          - when: {after: lookup_order, failed: true}
            say: 'There is no such order: {lookup_order.error}'
          - when: {after: lookup_order, result: {status: paid, customer.vip: true, lines.0: 5}}
            call: [{tool: issue_refund, arguments: {amount: '{lookup_order.total}'}}, {tool: send_reply}]
          - when: {after: lookup_order}
            say: It is {lookup_order.status}, {{not paid}}.
          - when: {turn: 9}
            say: Ninth.
        """;

    [Fact]
    public async Task TheFirstRuleThatFitsAnswers()
    {
        var response = await Ask(Refund, User("Please REFUND 5 for A-17"));
        Assert.Equal("[scripted] Looking up A-17.", response.Text);
        var call = Assert.Single(Calls(response));
        Assert.Equal(("call_1", "lookup_order"), (call.CallId, call.Name));
        Assert.Equal("""{"order":"A-17","note":"asked: 5","deep":[true,1.5,{"x":null}]}""", Raw(call));
        Assert.Equal("A-17", call.Arguments!["order"]!.ToString());
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Theory]
    [InlineData("""{"status":"paid","customer":{"vip":true},"lines":[5],"total":12.50}""", """{"amount":12.50}""")]
    [InlineData("""{"status":"paid","customer":{"vip":true},"lines":[5.0],"total":"12"}""", """{"amount":"12"}""")]
    [InlineData("""{"status":"paid","customer":{"vip":true},"lines":[5],"total":{"a":[1]}}""", """{"amount":{"a":[1]}}""")]
    public async Task APlaceholderAloneKeepsItsJsonType(string result, string expected)
    {
        var calls = Calls(await Ask(Refund, AfterLookup(result)));
        Assert.Equal(["call_2", "call_3"], calls.Select(c => c.CallId));
        Assert.Equal(expected, Raw(calls[0]));
        Assert.Equal("{}", Raw(calls[1]));
    }

    [Theory]
    [InlineData("""{"status":"open"}""", "[scripted] It is open, {not paid}.")]
    [InlineData("""{"status":"paid","customer":{"vip":"true"},"lines":[5]}""", "[scripted] It is paid, {not paid}.")]
    [InlineData("""{"error":"no A-17"}""", "[scripted] There is no such order: no A-17")]
    public async Task TheNewestResultDecidesWhichRuleFits(string result, string expected) =>
        Assert.Equal(expected, (await Ask(Refund, AfterLookup(result))).Text);

    [Fact]
    public async Task AResultMayComeAsAJsonElementToo() => Assert.Equal(
        "[scripted] It is open, {not paid}.",
        (await Ask(Refund, AfterLookup(JsonDocument.Parse("""{"status":"open"}""").RootElement))).Text);

    [Theory]
    [InlineData("Error: gone", true)]
    [InlineData("\"Error: gone\"", true)]
    [InlineData("""{"error":"gone"}""", true)]
    [InlineData("""{"error":null}""", false)]
    [InlineData("all good", false)]
    [InlineData("[]", false)]
    public async Task AnErrorIsKnownByItsShape(string result, bool failed) => Assert.Equal(
        failed ? "[scripted] failed" : "[scripted] fine",
        (await Ask("rules: [{when: {failed: true}, say: failed}, {when: {failed: false}, say: fine}]", AfterLookup(result))).Text);

    [Fact]
    public async Task WithoutAResultNothingHasFailedAndNothingHasNotFailed() => Assert.Equal(
        "[scripted] neither",
        (await Ask("rules: [{when: {failed: true}, say: a}, {when: {failed: false}, say: b}, {when: {result: {a: null}}, say: c}, {say: neither}]", User("hi"))).Text);

    [Fact]
    public async Task AConversationThatNoRuleFitsGetsAPlainAnswer() =>
        Assert.Equal("[scripted] No rule of the script fits this conversation. Add one to script.yaml.", (await Ask(Refund, User("hello"))).Text);

    [Fact]
    public async Task AFieldThatNoResultHasIsNamedWithTheRulesLine() =>
        Assert.Equal("[scripted] The rule in line 7 of script.yaml needs {lookup_order.total}, which no tool result has.",
            (await Ask(Refund, AfterLookup("""{"status":"paid","customer":{"vip":true},"lines":[5]}"""))).Text);

    [Fact]
    public async Task OnlyTheNewestMessageCountsForAfter()
    {
        ChatMessage[] prompt = [.. AfterLookup("""{"status":"open"}"""), User("refund 5 for b-1")];
        Assert.Equal("[scripted] Looking up b-1.", (await Ask(Refund, prompt)).Text);
    }

    [Fact]
    public async Task TheTurnIsTheNumberOfTheReply()
    {
        var replies = Enumerable.Range(0, 8).SelectMany(_ => new[] { User("x"), new ChatMessage(ChatRole.Assistant, "y") });
        Assert.Equal("[scripted] Ninth.", (await Ask(Refund, [.. replies, User("x")])).Text);
    }

    [Fact]
    public async Task WhenACallIdRepeatsTheNewestCallOwnsTheResult() => Assert.Equal(
        "[scripted] b",
        (await Ask("rules: [{when: {after: b}, say: b}, {say: other}]", User("x"), Call("1", "a"), Result("1", "1"), Call("1", "b"), Result("1", "2"))).Text);

    [Fact]
    public async Task AScriptCanPlayAModelThatWritesBadJson()
    {
        var call = Assert.Single(Calls(await Ask("rules: [{call: [{tool: a, arguments: '{{\"x\": '}]}]", User("x"))));
        Assert.Equal("{\"x\": ", Raw(call));
        Assert.Null(call.Arguments);
    }

    [Fact]
    public async Task WhatTheUserSaysCannotAddAnArgument()
    {
        var call = Assert.Single(Calls(await Ask("rules: [{when: {said: 'say (?<x>.*)'}, call: [{tool: a, arguments: {x: '{x}'}}]}]", User("say {y} \",\"z\":1"))));
        Assert.Equal("{y} \",\"z\":1", JsonDocument.Parse(Raw(call)).RootElement.EnumerateObject().Single().Value.GetString());
    }

    [Fact]
    public async Task ModelAndUsageAreStated()
    {
        var response = await Ask("rules: [{say: abcd}]", User("12345"));
        Assert.Equal("scripted", response.ModelId);
        Assert.Equal((2, 4, 6), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
    }

    [Fact]
    public async Task TheSamePromptGetsTheSameAnswerAlsoStreamed()
    {
        using var model = new ScriptedModel(Script.Parse("s.yaml", Refund));
        var prompt = new[] { User("refund 5 for a-1") };
        var streamed = await model.GetStreamingResponseAsync(prompt, cancellationToken: TestContext.Current.CancellationToken)
            .ToChatResponseAsync(TestContext.Current.CancellationToken);
        var whole = await model.GetResponseAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((whole.Text, Raw(Calls(whole)[0]), whole.Usage!.TotalTokenCount), (streamed.Text, Raw(Calls(streamed)[0]), streamed.Usage!.TotalTokenCount));
    }

    [Fact]
    public async Task ACancelledCallGivesNoAnswer()
    {
        using var model = new ScriptedModel(Script.Parse("s.yaml", Refund));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.GetResponseAsync([User("x")], cancellationToken: new(canceled: true)));
    }

    [Theory]
    [InlineData("{}", 1, "rules is missing")]
    [InlineData("rules: [{}]", 1, "rules[0]: the rule does nothing.")]
    [InlineData("rules:\n- sey: x", 2, "Unknown key 'sey' in rules[0]. Did you mean 'say'?")]
    [InlineData("rules:\n- say: x\n- say: '{order}'", 3, "rules[1].say: {order} is no group of this rule's said. Groups: none.")]
    [InlineData("rules: [{when: {said: '(?<a>x)'}, say: '{b}'}]", 1, "Groups: a.")]
    [InlineData("rules: [{say: 'a { b'}]", 1, "'{' at character 3 is no placeholder.")]
    [InlineData("rules: [{say: 'a } b'}]", 1, "'}' at character 3 is no placeholder.")]
    [InlineData("rules: [{when: {said: '('}, say: x}]", 1, "rules[0].when.said: not a regular expression that can be run")]
    [InlineData("rules: [{when: {said: '(?=a)'}, say: x}]", 1, "rules[0].when.said: not a regular expression that can be run")]
    [InlineData("rules: [{when: {result: {a: [1]}}, say: x}]", 1, "rules[0].when.result.a: expected text, a number, true, false or null")]
    [InlineData("rules: [{when: {turn: 0}, say: x}]", 1, "rules[0].when.turn: expected a whole number from 1 to 1000")]
    [InlineData("rules: [{call: [{arguments: {}}]}]", 1, "rules[0].call[0].tool is missing")]
    [InlineData("rules: [{call: [{tool: a, arguments: {x: [{y: '{z}'}]}}]}]", 1, "rules[0].call[0].arguments.x[0].y: {z} is no group")]
    [InlineData("rules: [{call: [{tool: a, arguments: {x: 9007199254740993}}]}]", 1, "is not held exactly by a double")]
    public void AScriptThatCannotWorkIsRefusedWithItsLine(string text, int line, string expected)
    {
        var refused = Assert.Throws<DefinitionException>(() => Script.Parse("s.yaml", text));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Equal(line, refused.Line);
    }

    [Fact]
    public void AScriptIsReadFromTheAgentsFolder()
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-");
        try
        {
            Assert.Throws<DefinitionException>(() => Script.Load(folder.FullName));
            File.WriteAllText(Path.Combine(folder.FullName, "script.yaml"), "rules: [{say: hi}]");
            Script.Load(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<ChatResponse> Ask(string script, params ChatMessage[] prompt)
    {
        using var model = new ScriptedModel(Script.Parse("script.yaml", script));
        return await model.GetResponseAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static ChatMessage[] AfterLookup(object result) => [User("x"), Call("call_1", "lookup_order"), Result("call_1", result)];

    private static ChatMessage User(string text) => new(ChatRole.User, text);

    private static ChatMessage Call(string id, string tool) => new(ChatRole.Assistant, [new FunctionCallContent(id, tool)]);

    private static ChatMessage Result(string id, object result) => new(ChatRole.Tool, [new FunctionResultContent(id, result)]);

    private static FunctionCallContent[] Calls(ChatResponse response) => [.. response.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>()];

    private static string Raw(FunctionCallContent call) => (string)call.AdditionalProperties!["rawArguments"]!;
}

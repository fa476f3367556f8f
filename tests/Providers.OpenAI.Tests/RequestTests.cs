using System.Text.Json;
using Holdfast.Agents.Models;
using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

/// <summary>What goes out, on both APIs.</summary>
public sealed class RequestTests
{
    public static TheoryData<OpenAIApi> Both => [OpenAIApi.Responses, OpenAIApi.ChatCompletions];

    [Theory, MemberData(nameof(Both))]
    public async Task AzuresKeyGoesIntoItsOwnHeader(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        await OpenAIModel.Create(service.Options(api) with { KeyHeader = KeyHeader.ApiKey }).AskAsync();

        Assert.Equal(RecordedService.Key, service.Request.Headers["api-key"]);
        Assert.False(service.Request.Headers.ContainsKey("Authorization"));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task TheKeyIsABearerTokenByDefault(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        await service.Client(api).AskAsync();

        Assert.Equal($"Bearer {RecordedService.Key}", service.Request.Headers["Authorization"]);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AnEndpointWithoutATrailingSlashWorks(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        await OpenAIModel.Create(service.Options(api) with { Endpoint = new(service.Endpoint.ToString().TrimEnd('/')) }).AskAsync();

        Assert.Equal(api == OpenAIApi.Responses ? "/v1/responses" : "/v1/chat/completions", service.Request.Path);
    }

    [Fact]
    public async Task ResponsesStoresNothingAndAsksForEncryptedReasoning()
    {
        var sent = await SentAsync(OpenAIApi.Responses);

        Assert.False(sent.GetProperty("store").GetBoolean());
        Assert.Equal("""["reasoning.encrypted_content"]""", sent.GetProperty("include").GetRawText());
        Assert.False(sent.TryGetProperty("stream", out var stream) && stream.GetBoolean());
    }

    [Fact]
    public async Task ChatCompletionsStoresNothing() =>
        Assert.False((await SentAsync(OpenAIApi.ChatCompletions)).GetProperty("store").GetBoolean());

    [Fact]
    public async Task ResponsesSendsSettingsUnderItsNames()
    {
        var sent = await SentAsync(OpenAIApi.Responses, Settings());

        Assert.Equal("gpt-asked", sent.GetProperty("model").GetString());
        Assert.Equal("Be brief.", sent.GetProperty("instructions").GetString());
        Assert.Equal(77, sent.GetProperty("max_output_tokens").GetInt32());
        Assert.Equal(0.5, sent.GetProperty("temperature").GetDouble());
        Assert.Equal("""{"effort":"low"}""", sent.GetProperty("reasoning").GetRawText());
    }

    [Fact]
    public async Task ChatCompletionsSendsSettingsUnderItsNames()
    {
        var sent = await SentAsync(OpenAIApi.ChatCompletions, Settings());

        Assert.Equal("gpt-asked", sent.GetProperty("model").GetString());
        Assert.Equal("""{"role":"system","content":"Be brief."}""", sent.GetProperty("messages")[0].GetRawText());
        Assert.Equal(77, sent.GetProperty("max_completion_tokens").GetInt32());
        Assert.Equal(0.5, sent.GetProperty("temperature").GetDouble());
        Assert.Equal("low", sent.GetProperty("reasoning_effort").GetString());
    }

    [Theory, MemberData(nameof(Both))]
    public async Task TheModelsOwnSettingsHoldWhereACallSaysNothing(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        await OpenAIModel.Create(service.Options(api) with { MaxOutputTokens = 900, Effort = ReasoningEffort.ExtraHigh }).AskAsync();

        var sent = service.Request.Body.GetRawText();
        Assert.Contains(":900", sent, StringComparison.Ordinal);
        Assert.Contains("\"xhigh\"", sent, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task ACallMayNameAnotherModel(OpenAIApi api) =>
        Assert.Equal("gpt-other", (await SentAsync(api, new() { ModelId = "gpt-other" })).GetProperty("model").GetString());

    [Fact]
    public async Task ResponsesSendsAToolAsItIsDeclared()
    {
        var sent = await SentAsync(OpenAIApi.Responses, Tools.Offered());

        var tool = Assert.Single(sent.GetProperty("tools").EnumerateArray());
        Assert.Equal("function", tool.GetProperty("type").GetString());
        AssertIsRefund(tool);
    }

    [Fact]
    public async Task ChatCompletionsSendsAToolAsItIsDeclared()
    {
        var sent = await SentAsync(OpenAIApi.ChatCompletions, Tools.Offered());

        AssertIsRefund(Assert.Single(sent.GetProperty("tools").EnumerateArray()).GetProperty("function"));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AToolWhoseSchemaIsNotStrictShapedIsSaidNotToBeStrict(OpenAIApi api)
    {
        var sent = await SentAsync(api, new() { Tools = [Tools.Refund("""{"type":"object","properties":{"amount":{"type":"number"}}}""")] });

        Assert.Contains("\"strict\":false", sent.GetProperty("tools").GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OpenAIApi.Responses, "auto", "\"auto\"")]
    [InlineData(OpenAIApi.Responses, "none", "\"none\"")]
    [InlineData(OpenAIApi.Responses, "required", "\"required\"")]
    [InlineData(OpenAIApi.Responses, "issue_refund", """{"type":"function","name":"issue_refund"}""")]
    [InlineData(OpenAIApi.ChatCompletions, "auto", "\"auto\"")]
    [InlineData(OpenAIApi.ChatCompletions, "none", "\"none\"")]
    [InlineData(OpenAIApi.ChatCompletions, "required", "\"required\"")]
    [InlineData(OpenAIApi.ChatCompletions, "issue_refund", """{"type":"function","function":{"name":"issue_refund"}}""")]
    public async Task ToolModeBecomesToolChoice(OpenAIApi api, string mode, string choice)
    {
        ChatToolMode toolMode = mode switch
        {
            "auto" => ChatToolMode.Auto,
            "none" => ChatToolMode.None,
            "required" => ChatToolMode.RequireAny,
            _ => ChatToolMode.RequireSpecific(mode),
        };

        var sent = await SentAsync(api, Tools.Offered(toolMode));

        AssertSameJson(choice, sent.GetProperty("tool_choice"));
    }

    [Fact]
    public async Task ResponsesSendsTheSchemaOfAnAnswer()
    {
        var sent = await SentAsync(OpenAIApi.Responses, Structured());

        AssertSameJson($$"""{"type":"json_schema","name":"refund","description":"A refund.","schema":{{Tools.Strict}},"strict":true}""",
            sent.GetProperty("text").GetProperty("format"));
    }

    [Fact]
    public async Task ChatCompletionsSendsTheSchemaOfAnAnswer()
    {
        var sent = await SentAsync(OpenAIApi.ChatCompletions, Structured());

        AssertSameJson($$"""{"type":"json_schema","json_schema":{"name":"refund","description":"A refund.","schema":{{Tools.Strict}},"strict":true} }""",
            sent.GetProperty("response_format"));
    }

    [Fact]
    public async Task ResponsesSendsAConversationInItsOrder()
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(OpenAIApi.Responses));

        await service.Client().AskAsync(Conversation());

        AssertSameJson("""
            [{"type":"message","role":"system","content":[{"type":"input_text","text":"House rules."}]},
             {"type":"message","role":"user","content":[{"type":"input_text","text":"Refund me."}]},
             {"type":"message","role":"assistant","content":[{"type":"output_text","text":"One moment.","annotations":[]}]},
             {"type":"function_call","call_id":"call_1","name":"issue_refund","arguments":"{\"amount\":5}"},
             {"type":"function_call_output","call_id":"call_1","output":"done"},
             {"type":"function_call_output","call_id":"call_2","output":"{\"paid\":5}"}]
            """, service.Request.Body.GetProperty("input"));
    }

    [Fact]
    public async Task ChatCompletionsSendsAConversationInItsOrder()
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(OpenAIApi.ChatCompletions));

        await service.Client(OpenAIApi.ChatCompletions).AskAsync(Conversation());

        AssertSameJson("""
            [{"role":"system","content":"House rules."},
             {"role":"user","content":"Refund me."},
             {"role":"assistant","content":"One moment.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"issue_refund","arguments":"{\"amount\":5}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"done"},
             {"role":"tool","tool_call_id":"call_2","content":"{\"paid\":5}"}]
            """, service.Request.Body.GetProperty("messages"));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task ContentThatCannotBeSentIsAnErrorBeforeAnythingIsSent(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        var error = await Assert.ThrowsAsync<ModelException>(() => service.Client(api).AskAsync(
            [new ChatMessage(ChatRole.User, [new DataContent("data:image/png;base64,AAAA")])]));

        Assert.Equal(ModelFault.Ours, error.Fault);
        Assert.Contains("DataContent", error.Message, StringComparison.Ordinal);
        Assert.Empty(service.Requests);
    }

    private static ChatOptions Settings() => new()
    {
        Instructions = "Be brief.",
        MaxOutputTokens = 77,
        Temperature = 0.5f,
        Reasoning = new() { Effort = ReasoningEffort.Low },
    };

    private static ChatOptions Structured() => new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(Tools.Json(Tools.Strict), "refund", "A refund.") };

    private static ChatMessage[] Conversation() =>
    [
        new(ChatRole.System, "House rules."),
        new(ChatRole.User, "Refund me."),
        new(ChatRole.Assistant, [new TextContent("One moment."), new FunctionCallContent("call_1", "issue_refund", new Dictionary<string, object?> { ["amount"] = 5 })]),
        new(ChatRole.Tool, [new FunctionResultContent("call_1", "done"), new FunctionResultContent("call_2", Tools.Json("""{"paid":5}"""))]),
    ];

    private static async Task<JsonElement> SentAsync(OpenAIApi api, ChatOptions? options = null)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));
        await service.Client(api).AskAsync(options: options);
        return service.Request.Body;
    }

    private static void AssertIsRefund(JsonElement function)
    {
        Assert.Equal("issue_refund", function.GetProperty("name").GetString());
        Assert.Equal("Pays money back.", function.GetProperty("description").GetString());
        Assert.True(function.GetProperty("strict").GetBoolean());
        AssertSameJson(Tools.Strict, function.GetProperty("parameters"));
    }

    private static void AssertSameJson(string expected, JsonElement actual) =>
        Assert.True(JsonElement.DeepEquals(Tools.Json(expected), actual), $"Expected {expected}\nbut sent {actual.GetRawText()}");
}

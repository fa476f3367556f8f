using System.Text.Json;
using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

public sealed class ToolArgumentsTests
{
    private const string Exact = """{ "amount": 12345678901234567890.123456789012345678, "rate": 1.10 }""";

    public static TheoryData<OpenAIApi> Both => [OpenAIApi.Responses, OpenAIApi.ChatCompletions];

    public static TheoryData<OpenAIApi, string> Malformed =>
        new(from api in new[] { OpenAIApi.Responses, OpenAIApi.ChatCompletions }
            from text in new[] { """{"amount": 5""", "five", "[5]", "null", """{"amount":1,"amount":100}""", "{} {}" }
            select (api, text));

    [Theory, MemberData(nameof(Malformed))]
    public async Task ArgumentsThatAreNoJsonObjectComeBackAsTheModelsMistake(OpenAIApi api, string arguments)
    {
        await using var service = await RecordedService.StartAsync(Replies.ToolCall(api, arguments));

        var call = (await service.Client(api).AskAsync(options: Tools.Offered())).Only<FunctionCallContent>();

        Assert.Null(call.Arguments);
        Assert.NotNull(call.Exception);
        Assert.Equal(arguments, call.AdditionalProperties![ToolArguments.Raw]);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task TheExactTextOfArgumentsIsKept(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.ToolCall(api, Exact));

        var call = (await service.Client(api).AskAsync(options: Tools.Offered())).Only<FunctionCallContent>();

        Assert.Equal(Exact, call.AdditionalProperties![ToolArguments.Raw]);
        Assert.Equal("12345678901234567890.123456789012345678", ((JsonElement)call.Arguments!["amount"]!).GetRawText());
    }

    [Theory, MemberData(nameof(Both))]
    public async Task TheExactTextOfArgumentsIsSentBackAfterStorage(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.ToolCall(api, Exact));
        var client = service.Client(api);
        var response = await client.AskAsync(options: Tools.Offered());

        await client.AskAsync([.. Storage.Through(response.Messages), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "done")])]);

        Assert.Equal(Exact, SentArguments(api, service));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task MalformedArgumentsAreSentBackAsTheyWereWritten(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.ToolCall(api, """{"amount": 5"""));
        var client = service.Client(api);
        var response = await client.AskAsync(options: Tools.Offered());

        await client.AskAsync([.. Storage.Through(response.Messages), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "Not JSON.")])]);

        Assert.Equal("""{"amount": 5""", SentArguments(api, service));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task NoTextAtAllIsACallWithoutArguments(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.ToolCall(api, ""));

        var call = (await service.Client(api).AskAsync(options: Tools.Offered())).Only<FunctionCallContent>();

        Assert.Empty(call.Arguments!);
        Assert.Null(call.Exception);
    }

    [Fact]
    public async Task NoTextInAResponseCutByTheTokenLimitIsNotACallWithoutArguments()
    {
        await using var service = await RecordedService.StartAsync(Replies.Incomplete("max_output_tokens", Replies.Call("", "incomplete")));

        Assert.NotNull((await service.Client().AskAsync(options: Tools.Offered())).Only<FunctionCallContent>().Exception);
    }

    [Fact]
    public async Task NoTextInACompletionCutByTheTokenLimitIsNotACallWithoutArguments()
    {
        await using var service = await RecordedService.StartAsync(Replies.Completion(Replies.CompletionCall(""), "length"));

        Assert.NotNull((await service.Client(OpenAIApi.ChatCompletions).AskAsync(options: Tools.Offered())).Only<FunctionCallContent>().Exception);
    }

    private static string? SentArguments(OpenAIApi api, RecordedService service) => api == OpenAIApi.Responses
        ? service.Requests.Last().Body.GetProperty("input")[0].GetProperty("arguments").GetString()
        : service.Requests.Last().Body.GetProperty("messages")[0].GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString();
}

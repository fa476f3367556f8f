using Holdfast.Agents.Models;
using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

/// <summary>What comes back, on both APIs.</summary>
public sealed class ReplyTests
{
    public static TheoryData<OpenAIApi> Both => [OpenAIApi.Responses, OpenAIApi.ChatCompletions];

    [Theory, MemberData(nameof(Both))]
    public async Task AnAnswerBringsItsUsageAndTheServicesModel(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        var response = await service.Client(api).AskAsync();

        Assert.Equal("Hello.", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("gpt-served-2026", response.ModelId);
        Assert.Equal((120, 30, 150), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.Equal((100, 20), (response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AToolCallEndsTheReplyAndHoldsItsArguments(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.ToolCall(api, """{"amount":5,"note":null}"""));

        var response = await service.Client(api).AskAsync(options: Tools.Offered());

        var call = response.Only<FunctionCallContent>();
        Assert.Equal(("call_1", "issue_refund"), (call.CallId, call.Name));
        Assert.Equal("5", call.Arguments!["amount"]!.ToString());
        Assert.Null(call.Exception);
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task StreamingGivesTheSameReplyAsUpdates(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api));

        var response = await service.Client(api)
            .GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Hi")], cancellationToken: TestContext.Current.CancellationToken)
            .ToChatResponseAsync(TestContext.Current.CancellationToken);

        Assert.Equal("Hello.", response.Text);
        Assert.Equal(150, response.Usage!.TotalTokenCount);
    }

    [Fact]
    public async Task AResponsesReplyCutByTheTokenLimitIsAReplyThatSaysSo()
    {
        await using var service = await RecordedService.StartAsync(Replies.Incomplete("max_output_tokens", Replies.Text));

        var response = await service.Client().AskAsync();

        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal("Hello.", response.Text);
    }

    [Fact]
    public async Task AResponsesReplyCutByTheContentFilterIsAReplyThatSaysSo()
    {
        await using var service = await RecordedService.StartAsync(Replies.Incomplete("content_filter", Replies.Text));

        Assert.Equal(ChatFinishReason.ContentFilter, (await service.Client().AskAsync()).FinishReason);
    }

    [Theory]
    [InlineData("length")]
    [InlineData("content_filter")]
    public async Task AChatCompletionCutShortIsAReplyThatSaysSo(string reason)
    {
        await using var service = await RecordedService.StartAsync(Replies.Completion(Replies.CompletionText, reason));

        Assert.Equal(reason, (await service.Client(OpenAIApi.ChatCompletions).AskAsync()).FinishReason?.Value);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task ARefusalIsAReplyWithoutText(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Refused(api));

        var response = await service.Client(api).AskAsync();

        Assert.Equal(("refusal", "I will not."), (response.Only<ErrorContent>().ErrorCode, response.Only<ErrorContent>().Message));
        Assert.Empty(response.Text);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task ARefusalIsSentBackAsOne(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Refused(api));
        var client = service.Client(api);
        var refused = await client.AskAsync();

        await client.AskAsync([.. refused.Messages, new ChatMessage(ChatRole.User, "Why?")]);

        Assert.Contains("\"refusal\":\"I will not.\"", service.Requests.Last().Body.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server_error", ModelFault.Retry)]
    [InlineData("rate_limit_exceeded", ModelFault.Retry)]
    [InlineData("invalid_prompt", ModelFault.GiveUp)]
    [InlineData("context_length_exceeded", ModelFault.GiveUp)]
    [InlineData("insufficient_quota", ModelFault.Ours)]
    public async Task AFailedResponseIsAnErrorByItsCode(string code, ModelFault fault)
    {
        await using var service = await RecordedService.StartAsync(Replies.Failed(code));

        var error = await service.Client().FailAsync();

        Assert.Equal(fault, error.Fault);
        Assert.Contains(code, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("own sentence", error.ToString(), StringComparison.Ordinal);
    }

    private static Reply Refused(OpenAIApi api) => api == OpenAIApi.Responses
        ? Replies.Responses("""{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"I will not."}]}""")
        : Replies.Completion("""{"role":"assistant","content":null,"refusal":"I will not."}""");
}

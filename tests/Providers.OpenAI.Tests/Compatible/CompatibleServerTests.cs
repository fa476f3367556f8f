using System.Text.Json;
using Holdfast.Agents.Models;
using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests.Compatible;

/// <summary>Both APIs against a server that was not written for this client.</summary>
public sealed class CompatibleServerTests(CompatibleServer server) : IClassFixture<CompatibleServer>
{
    public static TheoryData<OpenAIApi> Both => [OpenAIApi.Responses, OpenAIApi.ChatCompletions];

    [Theory, MemberData(nameof(Both))]
    public async Task APlainQuestionIsAnswered(OpenAIApi api)
    {
        var response = await Client(api).AskAsync("plain question");

        Assert.Equal("A plain answer.", response.Text);
        Assert.Equal((11, 4, 15), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AToolIsCalledAndItsResultAnswered(OpenAIApi api)
    {
        var client = Client(api);
        var question = new ChatMessage(ChatRole.User, "refund order 7");

        var asked = await client.AskAsync([question], Tools.Offered());
        var call = asked.Only<FunctionCallContent>();
        var answered = await client.AskAsync(
            [question, .. Storage.Through(asked.Messages), new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, "paid back")])], Tools.Offered());

        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        Assert.Equal("12345678901234567890.5", ((JsonElement)call.Arguments!["amount"]!).GetRawText());
        Assert.Equal("It is paid back.", answered.Text);
    }

    [Fact]
    public async Task ResponsesHandsOutItsReasoningEncrypted()
    {
        var response = await Client(OpenAIApi.Responses).AskAsync("refund order 7", Tools.Offered());

        Assert.NotEmpty(response.Only<TextReasoningContent>().ProtectedData!);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AnAnswerOfAGivenShapeIsAskedFor(OpenAIApi api)
    {
        var response = await Client(api).AskAsync($"structured question on {api}",
            new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(Tools.Json(Tools.Strict), "refund") });

        Assert.Equal("""{"amount":5}""", response.Text);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task ARateLimitIsToBeRetriedWhenTheServerSays(OpenAIApi api)
    {
        var error = await Client(api).FailAsync("too often");

        Assert.Equal((ModelFault.Retry, TimeSpan.FromSeconds(7)), (error.Fault, error.RetryAfter));
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AnAnswerCutByTheTokenLimitSaysSo(OpenAIApi api) =>
        Assert.Equal(ChatFinishReason.Length, (await Client(api).AskAsync("cut at the limit")).FinishReason);

    [Theory, MemberData(nameof(Both))]
    public async Task AGarbledAnswerIsToBeRetried(OpenAIApi api) =>
        Assert.Equal(ModelFault.Retry, (await Client(api).FailAsync("garbled answer")).Fault);

    [Theory, MemberData(nameof(Both))]
    public async Task ADroppedConnectionIsToBeRetried(OpenAIApi api) =>
        Assert.Equal(ModelFault.Retry, (await Client(api).FailAsync("dropped connection")).Fault);

    private IChatClient Client(OpenAIApi api) => OpenAIModel.Create(server.Options(api));
}

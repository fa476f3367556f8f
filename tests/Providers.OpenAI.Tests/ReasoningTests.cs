using System.Text.Json;
using Holdfast.Agents.Models;
using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

/// <summary>Reasoning is the model's, travels encrypted, and must be there when its turn is sent again.</summary>
public sealed class ReasoningTests
{
    private const string Commentary = """{"id":"msg_1","type":"message","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Looking.","annotations":[]}]}""";

    private static readonly Reply Turn = Replies.Responses(
        Replies.Reasoning("rs_1", "gAAAA-first", "It is late."), Commentary,
        Replies.Reasoning("rs_2", "gAAAA-second"), Replies.Call("""{"amount":5}"""));

    [Fact]
    public async Task ReasoningComesBackAsProtectedContent()
    {
        await using var service = await RecordedService.StartAsync(Turn);

        var response = await service.Client().AskAsync();

        var reasoning = response.Messages.Single().Contents.OfType<TextReasoningContent>().First();
        Assert.Equal(("It is late.", "gAAAA-first"), (reasoning.Text, reasoning.ProtectedData));
    }

    [Fact]
    public async Task AStoredTurnIsSentBackWithItsReasoningInTheModelsOrder()
    {
        await using var service = await RecordedService.StartAsync(Turn, Replies.Responses(Replies.Text));
        var client = service.Client();
        var response = await client.AskAsync(options: Tools.Offered());

        await client.AskAsync([.. Storage.Through(response.Messages), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "done")])]);

        var input = service.Requests.Last().Body.GetProperty("input");
        Assert.Equal(["reasoning", "message", "reasoning", "function_call", "function_call_output"],
            input.EnumerateArray().Select(item => item.GetProperty("type").GetString()));
        AssertReasoning(input[0], "rs_1", "gAAAA-first", """[{"type":"summary_text","text":"It is late."}]""");
        AssertReasoning(input[2], "rs_2", "gAAAA-second", "[]");
    }

    [Fact]
    public async Task TheMarkOfCommentaryIsSentBack()
    {
        await using var service = await RecordedService.StartAsync(Turn, Replies.Responses(Replies.Text));
        var client = service.Client();
        var response = await client.AskAsync();

        await client.AskAsync(Storage.Through(response.Messages));

        Assert.Equal("commentary", service.Requests.Last().Body.GetProperty("input")[1].GetProperty("phase").GetString());
    }

    [Fact]
    public async Task ReasoningWithoutItsEncryptedContentIsNotSent()
    {
        await using var service = await RecordedService.StartAsync(Replies.Responses(Replies.Text));

        await service.Client().AskAsync([new ChatMessage(ChatRole.Assistant, [new TextReasoningContent("It is late."), new TextContent("Hello.")])]);

        Assert.Equal(1, service.Request.Body.GetProperty("input").GetArrayLength());
    }

    [Fact]
    public async Task ReasoningIsNotSentToChatCompletions()
    {
        await using var service = await RecordedService.StartAsync(Replies.Completion(Replies.CompletionText));

        await service.Client(OpenAIApi.ChatCompletions).AskAsync(
            [new ChatMessage(ChatRole.Assistant, [new TextReasoningContent("It is late.") { ProtectedData = "gAAAA" }, new TextContent("Hello.")])]);

        Assert.DoesNotContain("gAAAA", service.Request.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelThatDoesNotReasonIsAskedAgainWithoutAskingForReasoning()
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(400, "none", param: "include"), Replies.Responses(Replies.Text));
        var client = service.Client();

        await client.AskAsync();
        await client.AskAsync();

        Assert.Equal([true, false, false], service.Requests.Select(request => request.Body.TryGetProperty("include", out _)));
    }

    [Fact]
    public async Task AModelThatRefusesBothIsAskedNoThirdTime()
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(400, "none", param: "include"));

        var error = await service.Client().FailAsync();

        Assert.Equal(ModelFault.Ours, error.Fault);
        Assert.Equal(2, service.Requests.Count);
    }

    private static void AssertReasoning(JsonElement item, string id, string encrypted, string summary)
    {
        Assert.Equal(id, item.GetProperty("id").GetString());
        Assert.Equal(encrypted, item.GetProperty("encrypted_content").GetString());
        Assert.Equal(summary, item.GetProperty("summary").GetRawText());
    }
}

using Microsoft.Extensions.AI;
using OpenAI.Responses;

namespace Holdfast.Providers.OpenAI;

/// <summary>A reply of the Responses API as one message whose contents keep the model's order.</summary>
internal static class ResponsesReply
{
    /// <exception cref="InvalidDataException">What came is not a whole reply.</exception>
    public static ChatResponse Read(ResponseResult result, string model, OpenAIModelOptions options)
    {
        if (result.Status == ResponseStatus.Failed)
        {
            throw ServiceError.OfReply(result.Error?.Code.ToString(), options.ApiKey).ToException(model, options);
        }
        // Some compatible servers leave the status out; a reply with neither status nor output is none.
        if (result.Status is not (ResponseStatus.Completed or ResponseStatus.Incomplete or null)
            || (result.Status is null && result.OutputItems.Count == 0))
        {
            throw new InvalidDataException("The reply is not finished.");
        }

        var whole = result.Status != ResponseStatus.Incomplete;
        var message = new ChatMessage(ChatRole.Assistant, [.. result.OutputItems.SelectMany(item => Contents(item, whole))]);
        return new ChatResponse(message)
        {
            ResponseId = result.Id,
            ModelId = result.Model,
            CreatedAt = result.CreatedAt == default ? null : result.CreatedAt,
            FinishReason = Ending(result, message),
            Usage = Usage(result.Usage),
        };
    }

    private static ChatFinishReason Ending(ResponseResult result, ChatMessage message)
    {
        if (result.Status == ResponseStatus.Incomplete)
        {
            return result.IncompleteStatusDetails?.Reason == ResponseIncompleteStatusReason.ContentFilter
                ? ChatFinishReason.ContentFilter
                : ChatFinishReason.Length;
        }

        return message.Contents.Any(content => content is FunctionCallContent) ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop;
    }

    // Items of the service's own tools do not occur, since none is offered.
    private static IEnumerable<AIContent> Contents(ResponseItem item, bool whole) => item switch
    {
        ReasoningResponseItem reasoning => [Reasoning(reasoning)],
        MessageResponseItem message => message.Content.Select(part => Part(part, message)).OfType<AIContent>(),
        FunctionCallResponseItem { CallId.Length: > 0, FunctionName.Length: > 0 } call =>
            [Call(call, whole && call.Status != FunctionCallStatus.Incomplete)],
        FunctionCallResponseItem => throw new InvalidDataException("A tool call has no id or no name."),
        _ => [],
    };

    private static FunctionCallContent Call(FunctionCallResponseItem call, bool whole) =>
        ToolArguments.Parse(call.CallId, call.FunctionName, call.FunctionArguments.ToString(), whole);

    private static TextReasoningContent Reasoning(ReasoningResponseItem item) =>
        new(string.Join("\n\n", item.SummaryParts.OfType<ReasoningSummaryTextPart>().Select(part => part.Text)))
        {
            ProtectedData = item.EncryptedContent,
            AdditionalProperties = item.Id is null ? null : new() { [ResponsesRequest.ReasoningId] = item.Id },
        };

    private static AIContent? Part(ResponseContentPart part, MessageResponseItem message) => part.Kind switch
    {
        ResponseContentPartKind.OutputText => new TextContent(part.Text)
        {
            AdditionalProperties = message.Patch.TryGetValue("$.phase"u8, out string? phase) && phase is not null
                ? new() { [ResponsesRequest.Phase] = phase }
                : null,
        },
        ResponseContentPartKind.Refusal => Refusal.Of(part.Refusal),
        _ => null,
    };

    private static UsageDetails? Usage(ResponseTokenUsage? usage) => usage is null ? null : new()
    {
        InputTokenCount = usage.InputTokenCount,
        OutputTokenCount = usage.OutputTokenCount,
        TotalTokenCount = usage.TotalTokenCount,
        CachedInputTokenCount = usage.InputTokenDetails?.CachedTokenCount,
        ReasoningTokenCount = usage.OutputTokenDetails?.ReasoningTokenCount,
    };
}

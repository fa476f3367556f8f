using Microsoft.Extensions.AI;
using OpenAI.Responses;

namespace Holdfast.Providers.OpenAI;

/// <summary>A conversation as the items of the Responses API.</summary>
internal static class ResponsesRequest
{
    /// <summary>The additional property of reasoning that holds its item's id.</summary>
    public const string ReasoningId = "reasoningId";

    /// <summary>The additional property of text that says whether it is commentary on the way or the final answer. Models that
    /// mark their text so answer worse when the mark does not come back.</summary>
    public const string Phase = "phase";

    public static CreateResponseOptions Build(IEnumerable<ChatMessage> messages, ChatOptions? chat, OpenAIModelOptions model)
    {
        var request = new CreateResponseOptions
        {
            Model = chat?.ModelId ?? model.Model,
            Instructions = chat?.Instructions,
            StoredOutputEnabled = false,
            MaxOutputTokenCount = chat?.MaxOutputTokens ?? model.MaxOutputTokens,
            Temperature = chat?.Temperature,
            TopP = chat?.TopP,
            TextOptions = Format(chat?.ResponseFormat),
            ReasoningOptions = (chat?.Reasoning?.Effort ?? model.Effort) is { } effort
                ? new() { ReasoningEffortLevel = new(effort.Name()) }
                : null,
        };
        foreach (var item in messages.SelectMany(Items))
        {
            request.InputItems.Add(item);
        }

        AddTools(request, chat);
        return request;
    }

    private static void AddTools(CreateResponseOptions request, ChatOptions? chat)
    {
        if (chat?.Tools is not { Count: > 0 } tools)
        {
            return;
        }

        foreach (var tool in tools)
        {
            var function = tool as AIFunctionDeclaration ?? throw Unsendable.Tool(tool);
            request.Tools.Add(ResponseTool.CreateFunctionTool(function.Name, StrictSchema.Parameters(function.JsonSchema),
                StrictSchema.Fits(function.JsonSchema), string.IsNullOrEmpty(function.Description) ? null : function.Description));
        }
        request.ParallelToolCallsEnabled = chat.AllowMultipleToolCalls;
        request.ToolChoice = chat.ToolMode switch
        {
            NoneChatToolMode => ResponseToolChoice.CreateNoneChoice(),
            RequiredChatToolMode { RequiredFunctionName: { } name } => ResponseToolChoice.CreateFunctionChoice(name),
            RequiredChatToolMode => ResponseToolChoice.CreateRequiredChoice(),
            AutoChatToolMode => ResponseToolChoice.CreateAutoChoice(),
            _ => null,
        };
    }

    private static ResponseTextOptions? Format(ChatResponseFormat? format) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } json => new()
        {
            TextFormat = ResponseTextFormat.CreateJsonSchemaFormat(json.SchemaName ?? "answer",
                BinaryData.FromString(schema.GetRawText()), json.SchemaDescription, StrictSchema.Fits(schema)),
        },
        ChatResponseFormatJson => new() { TextFormat = ResponseTextFormat.CreateJsonObjectFormat() },
        _ => null,
    };

    // In the order the model wrote them: a reasoning item belongs to the item that follows it.
    private static IEnumerable<ResponseItem> Items(ChatMessage message) =>
        message.Contents.Select(content => Item(content, message.Role)).OfType<ResponseItem>();

    private static ResponseItem? Item(AIContent content, ChatRole role) => content switch
    {
        TextReasoningContent reasoning => Reasoning(reasoning),
        TextContent { Text: null or "" } => null,
        TextContent text => Text(text, role),
        ErrorContent refusal when role == ChatRole.Assistant =>
            ResponseItem.CreateAssistantMessageItem([ResponseContentPart.CreateRefusalPart(refusal.Message)]),
        FunctionCallContent call => ResponseItem.CreateFunctionCallItem(call.CallId, call.Name, ToolArguments.Text(call)),
        FunctionResultContent result => ResponseItem.CreateFunctionCallOutputItem(result.CallId, result.ResultText()),
        UsageContent => null,
        _ => throw Unsendable.Content(content, role),
    };

    // Without its encrypted content an item is a mere reference to a store that is not kept, which the service refuses.
    private static ReasoningResponseItem? Reasoning(TextReasoningContent reasoning)
    {
        if (string.IsNullOrEmpty(reasoning.ProtectedData))
        {
            return null;
        }

        ReasoningSummaryPart[] summary = string.IsNullOrEmpty(reasoning.Text) ? [] : [ReasoningSummaryPart.CreateTextPart(reasoning.Text)];
        return new(summary) { Id = reasoning.Stored(ReasoningId), EncryptedContent = reasoning.ProtectedData };
    }

    private static MessageResponseItem Text(TextContent content, ChatRole role)
    {
        if (role == ChatRole.User)
        {
            return ResponseItem.CreateUserMessageItem(content.Text);
        }

        if (role == ChatRole.System)
        {
            return ResponseItem.CreateSystemMessageItem(content.Text);
        }

        if (role != ChatRole.Assistant)
        {
            throw role == ChatRole.Tool ? Unsendable.Content(content, role) : Unsendable.Role(role);
        }

        var item = ResponseItem.CreateAssistantMessageItem(content.Text);
        if (content.Stored(Phase) is { } phase)
        {
            item.Patch.Set("$.phase"u8, phase);
        }

        return item;
    }
}

using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using ChatResponseFormat = Microsoft.Extensions.AI.ChatResponseFormat;
using Sent = OpenAI.Chat;

namespace Holdfast.Providers.OpenAI;

/// <summary>A conversation as the messages of the Chat Completions API.</summary>
internal static class CompletionsRequest
{
    public static ChatCompletionOptions Options(ChatOptions? chat, OpenAIModelOptions model)
    {
        var request = new ChatCompletionOptions
        {
            // Newer accounts keep what does not say otherwise.
            StoredOutputEnabled = false,
            MaxOutputTokenCount = chat?.MaxOutputTokens ?? model.MaxOutputTokens,
            Temperature = chat?.Temperature,
            TopP = chat?.TopP,
            ResponseFormat = Format(chat?.ResponseFormat),
        };
        if ((chat?.Reasoning?.Effort ?? model.Effort) is { } effort)
        {
            request.ReasoningEffortLevel = new ChatReasoningEffortLevel(effort.Name());
        }

        AddTools(request, chat);
        return request;
    }

    public static IEnumerable<Sent.ChatMessage> Messages(IEnumerable<ChatMessage> messages, ChatOptions? chat)
    {
        var sent = messages.SelectMany(Messages);
        return string.IsNullOrEmpty(chat?.Instructions) ? sent : sent.Prepend(new SystemChatMessage(chat.Instructions));
    }

    private static void AddTools(ChatCompletionOptions request, ChatOptions? chat)
    {
        if (chat?.Tools is not { Count: > 0 } tools)
        {
            return;
        }

        foreach (var tool in tools)
        {
            var function = tool as AIFunctionDeclaration ?? throw Unsendable.Tool(tool);
            var description = string.IsNullOrEmpty(function.Description) ? null : function.Description;
            request.Tools.Add(ChatTool.CreateFunctionTool(function.Name, description,
                StrictSchema.Parameters(function.JsonSchema), StrictSchema.Fits(function.JsonSchema)));
        }
        request.AllowParallelToolCalls = chat.AllowMultipleToolCalls;
        request.ToolChoice = chat.ToolMode switch
        {
            NoneChatToolMode => ChatToolChoice.CreateNoneChoice(),
            RequiredChatToolMode { RequiredFunctionName: { } name } => ChatToolChoice.CreateFunctionChoice(name),
            RequiredChatToolMode => ChatToolChoice.CreateRequiredChoice(),
            AutoChatToolMode => ChatToolChoice.CreateAutoChoice(),
            _ => null,
        };
    }

    private static Sent.ChatResponseFormat? Format(ChatResponseFormat? format) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } json => Sent.ChatResponseFormat.CreateJsonSchemaFormat(
            json.SchemaName ?? "answer", BinaryData.FromString(schema.GetRawText()), json.SchemaDescription, StrictSchema.Fits(schema)),
        ChatResponseFormatJson => Sent.ChatResponseFormat.CreateJsonObjectFormat(),
        _ => null,
    };

    private static IEnumerable<Sent.ChatMessage> Messages(ChatMessage message)
    {
        foreach (var result in message.Contents.OfType<FunctionResultContent>())
        {
            yield return new ToolChatMessage(result.CallId, result.ResultText());
        }

        if (message.Contents.FirstOrDefault(content => !IsKnown(content)) is { } unknown)
        {
            throw Unsendable.Content(unknown, message.Role);
        }

        var texts = message.Contents.OfType<TextContent>().Where(text => text.Text is { Length: > 0 }).ToList();
        if (message.Role == ChatRole.Assistant)
        {
            if (Assistant(message, string.Concat(texts)) is { } reply)
            {
                yield return reply;
            }
        }
        else if (texts.Count > 0)
        {
            yield return Spoken(message.Role, texts);
        }
    }

    // Reasoning has no place in this API; it comes from a turn that another API served.
    private static bool IsKnown(AIContent content) =>
        content is TextContent or TextReasoningContent or FunctionCallContent or FunctionResultContent or ErrorContent or UsageContent;

    private static Sent.ChatMessage Spoken(ChatRole role, List<TextContent> texts)
    {
        var parts = texts.Select(text => ChatMessageContentPart.CreateTextPart(text.Text)).ToList();
        if (role == ChatRole.User)
        {
            return parts.Count == 1 ? new UserChatMessage(texts[0].Text) : new UserChatMessage(parts);
        }

        if (role == ChatRole.System)
        {
            return parts.Count == 1 ? new SystemChatMessage(texts[0].Text) : new SystemChatMessage(parts);
        }

        throw role == ChatRole.Tool ? Unsendable.Content(texts[0], role) : Unsendable.Role(role);
    }

    // The API has one assistant message a turn: its text and its calls together.
    private static AssistantChatMessage? Assistant(ChatMessage message, string text)
    {
        var calls = message.Contents.OfType<FunctionCallContent>()
            .Select(call => ChatToolCall.CreateFunctionToolCall(call.CallId, call.Name, ToolArguments.Text(call))).ToList();
        var refusal = message.Contents.OfType<ErrorContent>().FirstOrDefault()?.Message;
        if (text.Length == 0 && calls.Count == 0 && refusal is null)
        {
            return null;
        }

        if (text.Length == 0 && calls.Count > 0)
        {
            return new AssistantChatMessage(calls) { Refusal = refusal };
        }

        var sent = new AssistantChatMessage(text) { Refusal = refusal };
        foreach (var call in calls)
        {
            sent.ToolCalls.Add(call);
        }

        return sent;
    }
}

using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using Given = OpenAI.Chat;

namespace Holdfast.Providers.OpenAI;

/// <summary>The first choice of a Chat Completions reply as one message.</summary>
internal static class CompletionsReply
{
    /// <exception cref="InvalidDataException">What came is not a whole reply.</exception>
    public static ChatResponse Read(ChatCompletion completion)
    {
        var whole = completion.FinishReason is Given.ChatFinishReason.Stop or Given.ChatFinishReason.ToolCalls;
        var contents = new List<AIContent>();
        contents.AddRange(completion.Content.Where(part => part.Text is { Length: > 0 }).Select(part => new TextContent(part.Text)));
        if (completion.Refusal is { Length: > 0 } refusal)
        {
            contents.Add(Refusal.Of(refusal));
        }

        contents.AddRange(completion.ToolCalls.Select(call => Call(call, whole)));
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, contents))
        {
            ResponseId = completion.Id,
            ModelId = completion.Model,
            CreatedAt = completion.CreatedAt == default ? null : completion.CreatedAt,
            FinishReason = Ending(completion),
            Usage = Usage(completion.Usage),
        };
    }

    private static FunctionCallContent Call(ChatToolCall call, bool whole) => call is { Id.Length: > 0, FunctionName.Length: > 0 }
        ? ToolArguments.Parse(call.Id, call.FunctionName, call.FunctionArguments.ToString(), whole)
        : throw new InvalidDataException("A tool call has no id or no name.");

    // Some servers end a reply that holds calls with "stop".
    private static ChatFinishReason Ending(ChatCompletion completion) => completion.FinishReason switch
    {
        Given.ChatFinishReason.Length => ChatFinishReason.Length,
        Given.ChatFinishReason.ContentFilter => ChatFinishReason.ContentFilter,
        _ => completion.ToolCalls.Count > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
    };

    private static UsageDetails? Usage(ChatTokenUsage? usage) => usage is null ? null : new()
    {
        InputTokenCount = usage.InputTokenCount,
        OutputTokenCount = usage.OutputTokenCount,
        TotalTokenCount = usage.TotalTokenCount,
        CachedInputTokenCount = usage.InputTokenDetails?.CachedTokenCount,
        ReasoningTokenCount = usage.OutputTokenDetails?.ReasoningTokenCount,
    };
}

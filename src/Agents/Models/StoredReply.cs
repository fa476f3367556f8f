using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Models;

/// <summary>A model's reply as it is kept with its turn: enough to send it back word for word, and nothing of a provider's own types.</summary>
/// <param name="Parts">In the model's order.</param>
public sealed record StoredReply(IReadOnlyList<ReplyPart> Parts, string Model, string Finish)
{
    /// <summary>The name under which providers hand over a call's arguments exactly as the model wrote them.</summary>
    public const string RawArguments = "rawArguments";

    public string Text => string.Concat(Parts.Where(part => part.Kind == ReplyPart.TextKind).Select(part => part.Text));

    public IEnumerable<ReplyPart> Calls => Parts.Where(part => part.Kind == ReplyPart.CallKind);

    public static StoredReply From(ChatResponse response, string model) => new(
        [.. response.Messages.SelectMany(message => message.Contents).Select(ReplyPart.From).OfType<ReplyPart>()],
        response.ModelId ?? model,
        response.FinishReason?.Value ?? "stop");

    public ChatMessage ToMessage() => new(ChatRole.Assistant, [.. Parts.Select(part => part.ToContent())]);
}

/// <summary>One part of a reply.</summary>
/// <param name="Kind">text, reasoning, refusal or call.</param>
/// <param name="Text">Its text; of a call, the arguments as the model wrote them.</param>
/// <param name="Extra">What the provider wants to be sent back with it.</param>
public sealed record ReplyPart(string Kind, string? Text)
{
    public const string TextKind = "text";
    public const string ReasoningKind = "reasoning";
    public const string RefusalKind = "refusal";
    public const string CallKind = "call";

    public string? Tool { get; init; }

    public string? CallId { get; init; }

    /// <summary>Reasoning that only its provider can read.</summary>
    public string? Protected { get; init; }

    public IReadOnlyDictionary<string, string>? Extra { get; init; }

    public static ReplyPart? From(AIContent content) => content switch
    {
        TextReasoningContent reasoning => new(ReasoningKind, reasoning.Text) { Protected = reasoning.ProtectedData, Extra = Texts(content) },
        TextContent text => new(TextKind, text.Text) { Extra = Texts(content) },
        FunctionCallContent call => new(CallKind, Raw(call)) { Tool = call.Name, CallId = call.CallId },
        ErrorContent refusal => new(RefusalKind, refusal.Message) { Extra = Texts(content) },
        _ => null,
    };

    public AIContent ToContent()
    {
        AIContent content = Kind switch
        {
            ReasoningKind => new TextReasoningContent(Text) { ProtectedData = Protected },
            RefusalKind => new ErrorContent(Text ?? string.Empty) { ErrorCode = RefusalKind },
            CallKind => new FunctionCallContent(CallId!, Tool!)
            {
                AdditionalProperties = new() { [StoredReply.RawArguments] = Text ?? "{}" },
            },
            _ => new TextContent(Text),
        };
        foreach (var (name, value) in Extra ?? new Dictionary<string, string>())
        {
            (content.AdditionalProperties ??= [])[name] = value;
        }

        return content;
    }

    private static string Raw(FunctionCallContent call) =>
        call.AdditionalProperties?.TryGetValue(StoredReply.RawArguments, out var raw) == true && raw is string text
            ? text
            : JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>)));

    private static Dictionary<string, string>? Texts(AIContent content) =>
        content.AdditionalProperties?.Where(pair => pair.Value is string).ToDictionary(pair => pair.Key, pair => (string)pair.Value!) is { Count: > 0 } some ? some : null;
}

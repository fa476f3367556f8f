using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Definitions.Yaml;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Models.Scripted;

/// <summary>
/// A model that follows the rules of a <see cref="Script"/>: for trying out and for tests, at no cost, and the same answer every time.
/// Its text is marked with "[scripted] ", so that nobody takes it for a model's. Keeps nothing between calls; safe for many threads.
/// </summary>
public sealed class ScriptedModel(Script script) : IChatClient
{
    public const string ModelId = "scripted";

    /// <summary>Begins every text.</summary>
    public const string Mark = "[scripted] ";

    private const int BytesPerToken = 4;

    /// <inheritdoc/>
    /// <remarks>Usage is a rough count: the UTF-8 bytes of instructions, texts, arguments and results, divided by four, rounded
    /// up.</remarks>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var prompt = messages.ToArray();
        var reply = new ChatMessage(ChatRole.Assistant, Reply(new ScriptScene(prompt)));
        var (input, output) = (Tokens(prompt, options?.Instructions), Tokens([reply], null));
        return Task.FromResult(new ChatResponse(reply)
        {
            ModelId = ModelId,
            FinishReason = reply.Contents.OfType<FunctionCallContent>().Any() ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
            Usage = new() { InputTokenCount = input, OutputTokenCount = output, TotalTokenCount = input + output },
        });
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var response = await GetResponseAsync(messages, options, cancellationToken);
        foreach (var update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata(ModelId, defaultModelId: ModelId)
        : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // Holds nothing; IChatClient asks for it.
    }

    private List<AIContent> Reply(ScriptScene scene)
    {
        if (script.Rules.FirstOrDefault(rule => scene.Fits(rule.When)) is not { } rule)
        {
            return [new TextContent($"{Mark}No rule of the script fits this conversation. Add one to {Script.FileName}.")];
        }

        try
        {
            return [.. Contents(rule, scene)];
        }
        catch (KeyNotFoundException e)
        {
            return [new TextContent(string.Create(CultureInfo.InvariantCulture,
                $"{Mark}The rule in line {rule.Line} of {Script.FileName} needs {{{e.Message}}}, which no tool result has."))];
        }
    }

    private static IEnumerable<AIContent> Contents(ScriptRule rule, ScriptScene scene)
    {
        JsonElement Value(string name) => scene.Value(rule.When, name);

        if (rule.Say is not null)
        {
            yield return new TextContent(Mark + rule.Say.Text(Value));
        }

        var number = scene.Calls;
        foreach (var call in rule.Calls)
        {
            yield return Call(string.Create(CultureInfo.InvariantCulture, $"call_{++number}"), call, Value);
        }
    }

    private static FunctionCallContent Call(string id, ScriptCall call, Func<string, JsonElement> value)
    {
        var raw = call.Arguments switch
        {
            null => "{}",
            YamlScalar { Kind: JsonValueKind.String } text => ScriptTemplate.Parse(text.Text).Text(value),
            var node => Json(node, value)?.ToJsonString() ?? "null",
        };
        return new(id, call.Tool, Parsed(raw)) { AdditionalProperties = new() { [StoredReply.RawArguments] = raw } };
    }

    private static JsonNode? Json(YamlNode node, Func<string, JsonElement> value) => node switch
    {
        YamlMapping mapping => new JsonObject(mapping.Entries.Select(e => KeyValuePair.Create(e.Key.Text, Json(e.Value, value)))),
        YamlSequence sequence => new JsonArray([.. sequence.Items.Select(item => Json(item, value))]),
        YamlScalar { Kind: JsonValueKind.String } text => ScriptTemplate.Parse(text.Text).Value(value),
        YamlScalar scalar => JsonSerializer.SerializeToNode(scalar.ToJson()),
        _ => throw new InvalidOperationException($"A node of type {node.GetType().Name} is not known. Add it here."),
    };

    // Null where a script plays a model that writes no JSON object: the raw text is what counts.
    private static Dictionary<string, object?>? Parsed(string raw)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, object?>>(raw);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static int Tokens(IEnumerable<ChatMessage> messages, string? instructions)
    {
        var bytes = Bytes(instructions) + messages.SelectMany(m => m.Contents).Sum(content => content switch
        {
            TextContent text => Bytes(text.Text),
            FunctionCallContent call => Bytes(call.Name)
                + Bytes(call.AdditionalProperties?.GetValueOrDefault(StoredReply.RawArguments) as string ?? JsonSerializer.Serialize(call.Arguments)),
            FunctionResultContent result => Bytes(result.Result as string ?? JsonSerializer.Serialize(result.Result)),
            _ => 0,
        });
        return (bytes + BytesPerToken - 1) / BytesPerToken;
    }

    private static int Bytes(string? text) => Encoding.UTF8.GetByteCount(text ?? "");
}

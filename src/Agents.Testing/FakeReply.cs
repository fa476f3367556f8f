using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Testing;

/// <summary>What a <see cref="FakeModel"/> answers in one turn.</summary>
public sealed record FakeReply
{
    private FakeReply(params AIContent[] contents) => Contents = contents;

    public IReadOnlyList<AIContent> Contents { get; }

    /// <summary>Default 10 tokens in, 5 out; null for a provider that does not say.</summary>
    public UsageDetails? Usage { get; init; } = new() { InputTokenCount = 10, OutputTokenCount = 5, TotalTokenCount = 15 };

    public ChatFinishReason Finish { get; init; } = ChatFinishReason.Stop;

    /// <summary>Run before the reply, with the number of this try of the turn, from 1; what it throws is the model's failure.</summary>
    public Func<int, CancellationToken, Task> Before { get; init; } = static (_, _) => Task.CompletedTask;

    public static FakeReply Says(string text) => new(new TextContent(text));

    /// <summary>Calls with arguments exactly as written, valid or not.</summary>
    public static FakeReply Calls(params (string Tool, string Arguments)[] calls) =>
        new([.. calls.Select((call, index) => (AIContent)new FunctionCallContent($"call_{index}", call.Tool)
        {
            AdditionalProperties = new() { [StoredReply.RawArguments] = call.Arguments },
        })])
        { Finish = ChatFinishReason.ToolCalls };

    public static FakeReply Call(string tool, string arguments = "{}") => Calls((tool, arguments));

    /// <summary>The same reply after some failures.</summary>
    public FakeReply AfterFailures(int times, Func<Exception> failure) => this with
    {
        Before = (tried, _) => tried <= times ? Task.FromException(failure()) : Task.CompletedTask,
    };
}

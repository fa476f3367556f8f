using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Agents.Models;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Runs;

/// <summary>
/// What a model is sent, rebuilt from the store. What was said before a turn never changes, so the messages of runs that are under way are
/// kept and only added to: the cost of a turn does not grow with the turns before it.
/// </summary>
internal sealed class Conversations
{
    private const int Kept = 256;
    private readonly Lock gate = new();
    private readonly Dictionary<long, LinkedListNode<Conversation>> kept = [];
    private readonly LinkedList<Conversation> byUse = [];

    /// <summary>Everything said before <paramref name="turn"/>.</summary>
    public async Task<Conversation> BeforeAsync(StoreTransaction tx, RunRow run, int turn)
    {
        var conversation = Take(run.Run);
        if (conversation is null || conversation.Turns > turn - 1)
        {
            conversation = Conversation.Begin(run.Run, run.Input);
        }

        if (conversation.Turns < turn - 1)
        {
            conversation = await ReadOnAsync(tx, conversation, run.Run, turn);
        }

        Keep(conversation);
        return conversation;
    }

    public void Forget(long run)
    {
        lock (gate)
        {
            if (kept.Remove(run, out var node))
            {
                byUse.Remove(node);
            }
        }
    }

    private static async Task<Conversation> ReadOnAsync(StoreTransaction tx, Conversation conversation, long run, int before)
    {
        var part = new { run, after = conversation.Turns, before };
        var turns = await tx.ListAsync<TurnRow>("SELECT turn, reply FROM turns WHERE run = @run AND turn > @after AND turn < @before ORDER BY turn", part);
        var calls = (await tx.ListAsync<CallRow>("SELECT turn, tool, call_id, result, arguments, proposed FROM calls WHERE run = @run AND turn > @after AND turn < @before ORDER BY turn, idx", part))
            .ToLookup(call => call.Turn);
        foreach (var turn in turns)
        {
            var said = JsonSerializer.Deserialize(turn.Reply!, AgentsJson.Default.StoredReply)!.ToMessage();
            var results = calls[turn.Turn].Select(call => (AIContent)new FunctionResultContent(call.CallId, call.Result)).ToList();
            conversation = conversation.With([said, .. Told(results, calls[turn.Turn])]);
        }

        return conversation.Turns == before - 1 ? conversation
            : throw new InvalidOperationException($"Of the {before - 1} turns before this one, the store has {conversation.Turns}. Restore it from a backup.");
    }

    private static IEnumerable<ChatMessage> Told(List<AIContent> results, IEnumerable<CallRow> calls)
    {
        if (results.Count > 0)
        {
            yield return new ChatMessage(ChatRole.Tool, results);
        }

        // A result may not say with what the call ran, and the model would take it for that of its own arguments.
        var edited = calls.Where(call => call.Proposed is not null).Select(call => $"A person changed the arguments of your call of {call.Tool} to {call.Arguments}.").ToList();
        if (edited.Count > 0)
        {
            yield return new ChatMessage(ChatRole.System, string.Join('\n', edited));
        }
    }

    private Conversation? Take(long run)
    {
        lock (gate)
        {
            return kept.TryGetValue(run, out var node) ? node.Value : null;
        }
    }

    private void Keep(Conversation conversation)
    {
        lock (gate)
        {
            if (kept.Remove(conversation.Run, out var old))
            {
                byUse.Remove(old);
            }

            kept[conversation.Run] = byUse.AddFirst(conversation);
            if (byUse.Count > Kept)
            {
                kept.Remove(byUse.Last!.Value.Run);
                byUse.RemoveLast();
            }
        }
    }
}

/// <summary>What was said in a run's first turns.</summary>
/// <param name="Characters">Roughly how long it is: for the estimate of a prompt before its provider has counted it.</param>
internal sealed record Conversation(long Run, ImmutableList<ChatMessage> Messages, int Turns, long Characters)
{
    public static Conversation Begin(long run, string input) => new(run, [new ChatMessage(ChatRole.User, input)], 0, input.Length);

    public Conversation With(IReadOnlyList<ChatMessage> turn) => this with
    {
        Messages = Messages.AddRange(turn),
        Turns = Turns + 1,
        Characters = Characters + turn.SelectMany(message => message.Contents).Sum(Length),
    };

    private static long Length(AIContent content) => content switch
    {
        TextContent text => text.Text.Length,
        TextReasoningContent reasoning => (reasoning.Text?.Length ?? 0) + (reasoning.ProtectedData?.Length ?? 0),
        FunctionResultContent result => (result.Result as string)?.Length ?? 0,
        FunctionCallContent call => call.Name.Length + ((call.AdditionalProperties?[StoredReply.RawArguments] as string)?.Length ?? 0),
        _ => 0,
    };
}

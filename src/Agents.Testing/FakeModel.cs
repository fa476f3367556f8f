using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Testing;

/// <summary>A model whose replies a test writes down, one a turn; the last is given for every turn after it.</summary>
public sealed class FakeModel(params IReadOnlyList<FakeReply> turns) : IChatClient
{
    private readonly Lock gate = new();
    private readonly List<FakePrompt> asked = [];

    /// <summary>Every call that reached the model, in order: what a provider would put on its bill.</summary>
    public IReadOnlyList<FakePrompt> Asked
    {
        get
        {
            lock (gate)
            {
                return [.. asked];
            }
        }
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var said = messages.ToList();
        var turn = said.Count(message => message.Role == ChatRole.Assistant) + 1;
        var first = said[0].Text;
        int tried;
        lock (gate)
        {
            asked.Add(new FakePrompt(turn, said, options));
            tried = asked.Count(prompt => prompt.Turn == turn && prompt.Messages[0].Text == first);
        }

        var reply = turns[Math.Min(turn, turns.Count) - 1];
        await reply.Before(tried, cancellationToken);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, [.. reply.Contents])) { Usage = reply.Usage, FinishReason = reply.Finish };
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Runs do not stream.");

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}

/// <summary>One call to the model.</summary>
/// <param name="Turn">From 1, by the replies that the prompt already holds.</param>
public sealed record FakePrompt(int Turn, IReadOnlyList<ChatMessage> Messages, ChatOptions? Options)
{
    /// <summary>The results that the model is told, oldest first.</summary>
    public IReadOnlyList<string> Results =>
        [.. Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(content => content.Result?.ToString() ?? "")];
}

using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;

namespace Holdfast.Agents.Testing;

/// <summary>A channel that keeps what it is given, and fails when a test wants it to.</summary>
public sealed class FakeChannel(string name, bool isShared = false) : IChannel
{
    private readonly Lock gate = new();
    private readonly List<Message> sent = [];

    public string Name { get; } = name;

    public bool IsShared { get; } = isShared;

    /// <summary>Whom it reaches; everybody by default.</summary>
    public Func<Person?, bool> Reach { get; set; } = static _ => true;

    /// <summary>What it does with a message before it takes it; what that throws is its failure.</summary>
    public Func<Message, Task> Before { get; set; } = static _ => Task.CompletedTask;

    /// <summary>What it has taken, in order.</summary>
    public IReadOnlyList<Message> Sent
    {
        get
        {
            lock (gate)
            {
                return [.. sent];
            }
        }
    }

    public bool Reaches(Person? person) => Reach(person);

    public async Task SendAsync(Message message, CancellationToken cancellation)
    {
        await Before(message);
        lock (gate)
        {
            sent.Add(message);
        }
    }
}

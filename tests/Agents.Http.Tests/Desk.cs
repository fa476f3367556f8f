using System.Collections.Concurrent;
using System.ComponentModel;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Http.Tests;

/// <summary>The world outside, as a test wants it: what was done there, and what waits there until the test lets it go.</summary>
public sealed class Desk
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> held = [];

    public ConcurrentQueue<(string Run, string Order, decimal Amount)> Refunds { get; } = [];

    public ConcurrentDictionary<string, bool> Mended { get; } = [];

    /// <summary>Lets the call of <c>hold</c> in this run end.</summary>
    public void LetGo(string run) => Hold(run).TrySetResult();

    [Tool("lookup_order", Reads = Reads.Private), Description("Looks an order up.")]
    public object Lookup([Description("Its number.")] string orderId) => orderId switch
    {
        "A-1001" => new { total = 40.00m },
        "A-1002" => new { total = 400.00m },
        _ => throw new NotDoneException("There is no such order."),
    };

    [Tool("issue_refund", Does = Effect.External, Idempotent = true), Description("Refunds.")]
    public object Refund([Description("The order.")] string orderId, [Description("How much.")] decimal amount, ToolContext context)
    {
        Refunds.Enqueue((context.RunId, orderId, amount));
        return new { refunded = amount };
    }

    [Tool("send_reply", Does = Effect.External), Description("Replies.")]
    public void Reply([Description("What.")] string text)
    {
    }

    [Tool("send_letter", Does = Effect.External), Description("Writes a letter, and never hears whether it was sent.")]
    public void Letter() => throw new TimeoutException("The post office did not answer.");

    [Tool("break_down", Does = Effect.Write, Idempotent = true, Retries = 0), Description("Fails until it is mended.")]
    public string Break(ToolContext context) => Mended.ContainsKey(context.RunId) ? "well" : throw new IOException("The machine is broken.");

    [Tool("hold"), Description("Ends when the test says so.")]
    public async Task<string> HoldAsync(ToolContext context)
    {
        await Hold(context.RunId).Task;
        return "held";
    }

    private TaskCompletionSource Hold(string run) => held.GetOrAdd(run, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

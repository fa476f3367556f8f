using System.Text.Json;

namespace RefundDesk;

/// <summary>
/// The shop of examples/refund-desk as a function app can have it, where nobody can be asked to install SQLite: a file with one line of JSON for
/// each thing that happened. It stands for a system that is not ours: it knows nothing of agents, and what it has done is done. Safe for many threads.
/// </summary>
public sealed class Shop : IDisposable
{
    private static readonly Dictionary<string, (string Item, decimal Total)> Orders = new(StringComparer.OrdinalIgnoreCase)
    {
        ["A-1001"] = ("Desk lamp", 40.00m), ["A-1002"] = ("Office chair", 400.00m), ["A-1003"] = ("Standing desk", 1200.00m),
    };

    private readonly Lock gate = new();
    private readonly Dictionary<string, Refund> refunds;
    private readonly StreamWriter file;
    private readonly TimeProvider time;

    private Shop(string path, TimeProvider time)
    {
        refunds = Read(path).Where(entry => entry.What == "refund").ToDictionary(entry => entry.Key!, entry => new Refund(entry.Order!, entry.Amount!.Value), StringComparer.Ordinal);
        file = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
        this.time = time;
    }

    /// <param name="path">The shop's file; created if missing.</param>
    public static Shop Open(string path, TimeProvider time) => new(path, time);

    /// <summary>What has happened, in order, whoever has the file open.</summary>
    public static IReadOnlyList<Entry> Read(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite));
        var whole = reader.ReadToEnd();
        return [.. whole[..(whole.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<Entry>(line)!)];
    }

    /// <returns>The order, or null when there is none of this id.</returns>
    public Order? Find(string id) => Orders.TryGetValue(id, out var order)
        ? new Order(id.ToUpperInvariant(), order.Item, order.Total, "delivered", DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime.AddDays(-1))) : null;

    /// <summary>Refunds once for each key: the same key again changes nothing and gives the same refund.</summary>
    public Refund Refund(string key, string runId, string orderId, decimal amount)
    {
        lock (gate)
        {
            if (!refunds.TryGetValue(key, out var refund))
            {
                Write(new Entry("refund", Run: runId, Key: key, Order: orderId, Amount: amount));
                refunds.Add(key, refund = new Refund(orderId, amount));
            }

            return refund;
        }
    }

    /// <summary>Sends a reply to the customer: every call is one more, whatever its key.</summary>
    public void Reply(string runId, string text) => Write(new Entry("reply", Run: runId, Text: text));

    /// <summary>Notes that a call has reached the shop.</summary>
    public void Note(string tool, string key) => Write(new Entry("request", Key: key, Text: tool));

    public void Dispose() => file.Dispose();

    private void Write(Entry entry)
    {
        lock (gate)
        {
            file.Write($"{JsonSerializer.Serialize(entry)}\n");
        }
    }
}

/// <summary>One thing that happened.</summary>
/// <param name="What">refund, reply or request.</param>
public sealed record Entry(string What, string? Run = null, string? Key = null, string? Order = null, decimal? Amount = null, string? Text = null);

/// <param name="State">Where it is.</param>
/// <param name="Since">Since when it is there.</param>
public sealed record Order(string Id, string Item, decimal Total, string State, DateOnly Since);

public sealed record Refund(string OrderId, decimal Amount);

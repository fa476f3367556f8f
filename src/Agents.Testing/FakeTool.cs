using System.Text.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Testing;

/// <summary>A tool declared beside the assertion, with the far side's own ledger: every request that reached it, and what it did.</summary>
public sealed class FakeTool
{
    private readonly Lock gate = new();
    private readonly List<FakeCall> requests = [];

    /// <param name="schema">The arguments' JSON Schema; any object by default.</param>
    public FakeTool(string name, string? schema = null) => (Name, Schema) = (name, schema ?? """{"type":"object"}""");

    public string Name { get; }

    public string Schema { get; }

    public Effect Effect { get; init; }

    public bool Idempotent { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public int Retries { get; init; }

    public int ResultLimit { get; init; } = 1024;

    /// <summary>What it does with a request; what it throws is the tool's failure. Default: answers {"ok":true}.</summary>
    public Func<FakeCall, CancellationToken, Task<object?>> Act { get; set; } = static (_, _) => Task.FromResult<object?>(new { ok = true });

    /// <summary>Every request that reached the tool, in order.</summary>
    public IReadOnlyList<FakeCall> Requests
    {
        get
        {
            lock (gate)
            {
                return [.. requests];
            }
        }
    }

    /// <summary>The different idempotency keys among them.</summary>
    public IReadOnlyList<string> Keys => [.. Requests.Select(request => request.Key).Distinct()];

    /// <summary>A tool that only reads.</summary>
    public static FakeTool Reading(string name, string? schema = null) => new(name, schema) { Idempotent = true };

    /// <summary>A tool that acts on the world.</summary>
    public static FakeTool Acting(string name, bool idempotent, string? schema = null) => new(name, schema) { Effect = Effect.External, Idempotent = idempotent };

    internal Tool ToTool() => new(Name, $"Tool {Name}.", JsonDocument.Parse(Schema).RootElement, RunAsync)
    {
        Effect = Effect, Idempotent = Idempotent, Timeout = Timeout, Retries = Retries, ResultLimit = ResultLimit,
    };

    private async Task<JsonElement> RunAsync(JsonElement arguments, ToolContext context, CancellationToken cancellation)
    {
        FakeCall call;
        lock (gate)
        {
            requests.Add(call = new FakeCall(requests.Count + 1, arguments.GetRawText(), context.IdempotencyKey, context));
        }

        return JsonSerializer.SerializeToElement(await Act(call, cancellation));
    }
}

/// <param name="Number">From 1, over all requests to the tool.</param>
public sealed record FakeCall(int Number, string Arguments, string Key, ToolContext Context);

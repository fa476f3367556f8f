using System.Collections.Concurrent;
using System.ComponentModel;
using Holdfast.Agents.Tools;

namespace Holdfast.Crash.Host;

/// <summary>Fails the first time in each process, so that a retry's timer comes due.</summary>
public sealed class FlakyTool
{
    private readonly ConcurrentDictionary<string, bool> failed = new();

    [Tool("read_sensor"), Description("Reads a sensor that does not always answer.")]
    public string Read(ToolContext context) => failed.TryAdd(context.IdempotencyKey, true)
        ? throw new TimeoutException("The sensor did not answer.") : "21.5";
}

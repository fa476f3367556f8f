using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Holdfast.Readme;

/// <summary>The terminal in which a newcomer has started the host; closed by a kill.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private readonly Process host;
    private readonly Lock gate = new();
    private readonly StringBuilder said = new();
    private readonly List<(Regex Words, TaskCompletionSource<string> Heard)> waiting = [];
    private readonly Task reading;
    private bool hasEnded;

    private Terminal(ProcessStartInfo start)
    {
        host = Process.Start(start)!;
        reading = ReadAsync();
    }

    public static async Task<Terminal> StartAsync(string root, int port, string data)
    {
        var start = new ProcessStartInfo(Path.Combine(root, "build.sh"), ["run", "--", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", data])
        {
            RedirectStandardOutput = true,
        };
        foreach (var name in new[] { "OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "HOLDFAST_MODEL" })
        {
            start.Environment.Remove(name);
        }

        var terminal = new Terminal(start);
        await terminal.SaysAsync("Ready at ");
        return terminal;
    }

    /// <summary>Completes when it has said this, with all that it has said till then.</summary>
    /// <exception cref="InvalidOperationException">The host has ended without it.</exception>
    public Task<string> SaysAsync([StringSyntax(StringSyntaxAttribute.Regex)] string words)
    {
        lock (gate)
        {
            var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add((new(words), heard));
            Tell();
            return heard.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        host.Kill();
        await host.WaitForExitAsync();
        await reading;
        host.Dispose();
    }

    private async Task ReadAsync()
    {
        do
        {
            var line = await host.StandardOutput.ReadLineAsync();
            lock (gate)
            {
                hasEnded = line is null;
                said.Append(line).Append('\n');
                Tell();
            }
        }
        while (!hasEnded);
    }

    private void Tell()
    {
        var all = said.ToString();
        foreach (var one in waiting.ToList())
        {
            var isSaid = one.Words.IsMatch(all) && one.Heard.TrySetResult(all);
            if (isSaid || (hasEnded && one.Heard.TrySetException(new InvalidOperationException($"The host ended before it said '{one.Words}': {all}"))))
            {
                waiting.Remove(one);
            }
        }
    }
}

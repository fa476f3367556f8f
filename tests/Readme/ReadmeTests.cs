using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Readme;

/// <summary>Does what the README tells a newcomer to do, word for word but for port, data directory and ids, and compares what comes.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    [Fact]
    public async Task TheStoryGoesAsItIsToldAcrossAKill()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Root, "README.md"));
        var steps = Blocks().Matches(readme)
            .Select(block => (Command: block.Groups["sh"].Value, Shown: JsonDocument.Parse(block.Groups["json"].Value).RootElement)).ToList();
        Assert.Equal(4, steps.Count);
        var data = Directory.CreateTempSubdirectory("holdfast-readme-").FullName;
        var port = FreePort();
        Dictionary<string, string> ids = [];

        await using (var host = await Terminal.StartAsync(Root, port, data))
        {
            foreach (var (command, shown) in steps[..2])
            {
                await FollowAsync(command, shown, port, ids);
            }

            await host.SaysAsync("Code: "); // or the kill may come before it, and what was said is said again
        }

        await using (var host = await Terminal.StartAsync(Root, port, data))
        {
            foreach (var (command, shown) in steps[2..])
            {
                await FollowAsync(command, shown, port, ids);
            }

            var (refund, said) = Said().Match(readme) is { Success: true } block ? (block.Groups["sh"].Value, block.Groups["text"].Value) : throw new InvalidOperationException("The README shows no link.");
            await ShellAsync(refund.Replace(":7071", $":{port}", StringComparison.Ordinal), ids);
            Assert.Contains(Plain(said), Plain(await host.SaysAsync(@"Stage: 1 of 2\n.*\n  Code: ")), StringComparison.Ordinal);
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>Without what is another each time: port, token, digits and moment.</summary>
    private static string Plain(string terminal) => Varying().Replace(terminal, "…");

    private static async Task FollowAsync(string command, JsonElement shown, int port, Dictionary<string, string> ids)
    {
        var asked = Assignments().Replace(command, "").Replace(":7071", $":{port}", StringComparison.Ordinal);
        var answer = await AnswerAsync(asked, ids);
        Note(answer, ids);
        var status = shown.TryGetProperty("status", out var word) ? word.GetString() : null;
        if (status == "ended")
        {
            // The reader looks when the run has ended; so does this, by the command that waits for it.
            await ShellAsync($"curl -sN http://127.0.0.1:{port}/api/runs/$RUN/events", ids);
            answer = await AnswerAsync(asked, ids);
        }

        for (var asking = Stopwatch.StartNew(); status == "waiting" && IsUnderWay(answer);)
        {
            // A host that has just started may need longer than the reader is told to wait.
            Assert.True(asking.Elapsed < TimeSpan.FromSeconds(60), $"{command} goes on and on: {answer}");
            answer = await AnswerAsync($"curl -s http://127.0.0.1:{port}/api/runs/$RUN", ids);
        }

        Note(answer, ids);
        Shape.AssertSame(shown, answer);
    }

    private static bool IsUnderWay(JsonElement run) => run.GetProperty("status").GetString() is "queued" or "running";

    private static void Note(JsonElement answer, Dictionary<string, string> ids)
    {
        foreach (Match id in Ids().Matches(answer.GetRawText()))
        {
            ids.TryAdd(id.Value.StartsWith("run", StringComparison.Ordinal) ? "RUN" : "APPROVAL", id.Value);
        }
    }

    private static async Task<JsonElement> AnswerAsync(string command, Dictionary<string, string> ids) =>
        JsonDocument.Parse(await ShellAsync(command, ids)).RootElement;

    private static async Task<string> ShellAsync(string command, Dictionary<string, string> variables)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, WorkingDirectory = Root };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, $"{command} ended with {shell.ExitCode}");
        return output;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex(@"```sh\n(?<sh>.*?)```.*?```json\n(?<json>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"```sh\n(?<sh>[^`]*)```[^`]*```text\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Said();

    [GeneratedRegex(@"(?<=://127\.0\.0\.1:)\d+|(?<=/a\?t=)\S+|(?<=Code: )\d{4}|(?<=Until: ).+")]
    private static partial Regex Varying();

    [GeneratedRegex(@"^(\w+=\w+ ?)+$", RegexOptions.Multiline)]
    private static partial Regex Assignments();

    [GeneratedRegex("(run|apr)_[0-9a-z]{26}")]
    private static partial Regex Ids();
}

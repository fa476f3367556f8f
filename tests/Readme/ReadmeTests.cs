using System.Diagnostics;
using System.Globalization;
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
        var steps = Blocks().Matches(await File.ReadAllTextAsync(Path.Combine(Root, "README.md")))
            .Select(block => (Command: block.Groups["sh"].Value, Shown: JsonDocument.Parse(block.Groups["json"].Value).RootElement)).ToList();
        Assert.Equal(4, steps.Count);
        var data = Directory.CreateTempSubdirectory("holdfast-readme-").FullName;
        var port = FreePort();
        Dictionary<string, string> ids = [];

        var host = await StartAsync(port, data);
        foreach (var (command, shown) in steps[..2])
        {
            await FollowAsync(command, shown, port, ids);
        }

        host.Kill();
        await host.WaitForExitAsync();
        host = await StartAsync(port, data);
        foreach (var (command, shown) in steps[2..])
        {
            await FollowAsync(command, shown, port, ids);
        }

        host.Kill();
        await host.WaitForExitAsync();
        Directory.Delete(data, recursive: true);
    }

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

    private static async Task<Process> StartAsync(int port, string data)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "build.sh"), ["run", "--", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", data])
        {
            RedirectStandardOutput = true,
        };
        foreach (var name in new[] { "OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "HOLDFAST_MODEL" })
        {
            start.Environment.Remove(name);
        }

        var host = Process.Start(start)!;
        while (await host.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ready at ", StringComparison.Ordinal))
            {
                _ = host.StandardOutput.ReadToEndAsync(); // or the pipe fills and the host stands still
                return host;
            }
        }

        throw new InvalidOperationException($"./build.sh run ended with {host.ExitCode} before it served.");
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

    [GeneratedRegex(@"^(\w+=\w+ ?)+$", RegexOptions.Multiline)]
    private static partial Regex Assignments();

    [GeneratedRegex("(run|apr)_[0-9a-z]{26}")]
    private static partial Regex Ids();
}

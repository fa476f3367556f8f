using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Holdfast.Durable.Testing;

namespace Holdfast.Host.Local.Tests;

/// <summary>A host as a process of its own, in a data directory that is gone after the test.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();
    private readonly Task outputRead;
    private readonly Task errorsRead;
    private readonly TaskCompletionSource<string> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HostProcess(ProcessStartInfo start)
    {
        process = Process.Start(start)!;
        outputRead = ReadAsync(process.StandardOutput, output);
        errorsRead = ReadAsync(process.StandardError, errors);
    }

    /// <summary>The program that is started.</summary>
    public static string Program { get; } = Path.GetFullPath(
        typeof(HostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "HostProgram").Value!);

    public int Id => process.Id;

    /// <summary>Starts the program with nothing set but what is given here.</summary>
    public static HostProcess Start(IEnumerable<string> args, IReadOnlyDictionary<string, string>? variables = null, string? program = null)
    {
        var start = new ProcessStartInfo("dotnet", [program ?? Program, .. args])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new HostProcess(start);
    }

    /// <summary>A scripted host on a free port.</summary>
    public static HostProcess Scripted(string data, out int port, params string[] more) => Start(Args(data, port = FreePort(), more));

    public static string[] Args(string data, int port, params string[] more) => ["--model", "scripted", "--data", data, "--port", $"{port}", .. more];

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The line that says that it is ready.</summary>
    public async Task<string> ReadyAsync()
    {
        var ended = EndAsync();
        return await Task.WhenAny(ready.Task, ended).Patiently() == ready.Task ? await ready.Task
            : throw new InvalidOperationException($"The host has ended before it was ready: {await ended}");
    }

    /// <summary>Completes when it has said this, on whichever stream; with all that it has said till then.</summary>
    public async Task<string> SaysAsync(string words)
    {
        await Patience.UntilAsync(() => Task.FromResult(Said().Contains(words, StringComparison.Ordinal)));
        return Said();
    }

    public async Task<(int Code, string Output, string Errors)> EndAsync()
    {
        await process.WaitForExitAsync().Patiently();
        await Task.WhenAll(outputRead, errorsRead).Patiently();
        return (process.ExitCode, output.ToString(), errors.ToString());
    }

    /// <param name="name">TERM, INT or KILL.</param>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await EndAsync();
        process.Dispose();
    }

    private string Said()
    {
        lock (gate)
        {
            return $"{output}{errors}";
        }
    }

    private static bool IsOurs(string name) => name.StartsWith("HOLDFAST_", StringComparison.Ordinal) || name.Contains("OPENAI", StringComparison.Ordinal)
        || name is "PORT" or "HOST" or "DATA" or "MODEL" or "LOG" or "AGENTS";

    private async Task ReadAsync(StreamReader from, StringBuilder to)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (gate)
            {
                to.AppendLine(line);
            }

            if (line.Contains("Ready at http", StringComparison.Ordinal))
            {
                ready.TrySetResult(line);
            }
        }
    }
}

/// <summary>A directory that is gone after the test.</summary>
internal sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("holdfast-host-").FullName;

    public string At(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    /// <summary>Writes the agent "clerk"; the folder of agents.</summary>
    public string WriteAgent(string yaml, string? script = "rules:\n  - say: Hello!\n")
    {
        Directory.CreateDirectory(At("agents", "clerk"));
        File.WriteAllText(At("agents", "clerk", "agent.yaml"), yaml);
        File.WriteAllText(At("agents", "clerk", "instructions.md"), "Be kind.");
        if (script is not null)
        {
            File.WriteAllText(At("agents", "clerk", "script.yaml"), script);
        }

        return At("agents");
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

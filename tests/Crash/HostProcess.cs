using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Holdfast.Durable.Testing;

namespace Holdfast.Crash;

/// <summary>A host in a process of its own, on one data directory, that can be killed and started again.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly int port = FreePort();
    private readonly List<string> output = [];
    private readonly string? store;
    private TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? process;

    /// <param name="store">The connection string of the store; null for SQLite in the data directory.</param>
    public HostProcess(string? store = null)
    {
        this.store = store;
        DataDirectory = Directory.CreateTempSubdirectory("holdfast-crash-").FullName;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(90) };
    }

    public string DataDirectory { get; }

    public HttpClient Client { get; }

    /// <summary>What it is told besides, by variables.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Completes once the present process serves.</summary>
    public Task Ready => ready.Task;

    public string Output
    {
        get
        {
            lock (output)
            {
                return string.Join(Environment.NewLine, output);
            }
        }
    }

    /// <param name="crashAt">A crash point, and at which time of reaching it, as name:3.</param>
    public async Task StartAsync(string? crashAt = null)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Program(), "--model", "scripted", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", DataDirectory },
            Environment = { ["HOLDFAST_CRASH_AT"] = crashAt ?? "", ["HOLDFAST_STORE"] = store ?? "" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var ended = process.WaitForExitAsync();
        if (await Task.WhenAny(ready.Task, ended).Patiently() == ended && crashAt is null)
        {
            throw new InvalidOperationException($"The host ended with {process.ExitCode} before it served:{Environment.NewLine}{Output}");
        }
    }

    /// <summary>Makes an API key, while the host does not run.</summary>
    /// <param name="name">Whose it is: the principal's id.</param>
    /// <returns>The key.</returns>
    public async Task<string> AddKeyAsync(string name)
    {
        using var command = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Program(), "keys", "add", "--name", name, "--tenant", "local", "--roles", "approve,read", "--data", DataDirectory },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (said, errors) = (command.StandardOutput.ReadToEndAsync(), command.StandardError.ReadToEndAsync());
        await command.WaitForExitAsync().Patiently();
        Assert.True(command.ExitCode == 0, await errors);
        return (await said).Trim();
    }

    /// <summary>kill -9, and proof that it was the kill that ended the process.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        IsAway();
        Assert.True(process.ExitCode == 128 + 9, $"The host ended with {process.ExitCode} before it was killed:{Environment.NewLine}{Output}");
    }

    /// <summary>Waits until the present process has killed itself at the point it was started with.</summary>
    public async Task EndsAsKilledAsync(string point, CancellationToken giveUp)
    {
        try
        {
            await process!.WaitForExitAsync(giveUp);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{point} was never reached.{Environment.NewLine}{Output}");
        }

        IsAway();
        Assert.True(process!.ExitCode == 128 + 9, $"The host ended with {process.ExitCode} before {point}:{Environment.NewLine}{Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        Client.Dispose();
        Directory.Delete(DataDirectory, recursive: true);
    }

    // Who waits for one that was killed before it served waits for the next.
    private void IsAway()
    {
        if (ready.Task.IsCompleted)
        {
            ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (output)
        {
            output.Add(line);
        }

        if (line.Contains("Ready at ", StringComparison.Ordinal))
        {
            ready.TrySetResult();
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>The host program, built in the configuration of these tests.</summary>
    private static string Program([CallerFilePath] string here = "")
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Path.Combine(Path.GetDirectoryName(here)!, "..", "Crash.Host", "bin", configuration, "net10.0", "Holdfast.Crash.Host.dll");
    }
}

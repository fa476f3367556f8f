using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Holdfast.Benchmarks;

/// <summary>The host in a process of its own, on a data directory that outlives it.</summary>
internal sealed class BenchHost : IAsyncDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> links;

    private BenchHost(Process process, int port, ConcurrentQueue<string> links, TimeSpan ready)
    {
        this.process = process;
        this.links = links;
        Ready = ready;
        Address = new Uri($"http://127.0.0.1:{port}");
        Client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { BaseAddress = Address };
    }

    public Uri Address { get; }

    /// <summary>What anybody at this machine is taken for: the operator.</summary>
    public HttpClient Client { get; }

    /// <summary>The personal links that it has printed, as they stand in its messages.</summary>
    public IReadOnlyCollection<string> Links => links;

    public int Threads
    {
        get
        {
            process.Refresh();
            return process.Threads.Count;
        }
    }

    /// <summary>From the start of the process until it says that it serves.</summary>
    public TimeSpan Ready { get; }

    public static string NewDirectory() => Directory.CreateTempSubdirectory("holdfast-bench-").FullName;

    /// <param name="store">The connection string of the store; null for SQLite.</param>
    /// <param name="options">What else it is started with.</param>
    public static async Task<BenchHost> StartAsync(string data, string? store = null, params IEnumerable<string> options)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var clock = Stopwatch.StartNew();
        var process = Begin(store, ["--model", "scripted", "--port", port.ToString(CultureInfo.InvariantCulture), "--data", data, .. options]);
        var ready = new TaskCompletionSource();
        ConcurrentQueue<string> links = [];
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                ready.TrySetException(new InvalidOperationException("The host ended before it was ready."));
            }
            else if (line.Data.Contains("Ready at ", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
            else if (line.Data.IndexOf("/a?t=", StringComparison.Ordinal) is var at and >= 0)
            {
                links.Enqueue(line.Data[at..]);
            }
        };
        process.BeginOutputReadLine();
        await ready.Task;
        return new BenchHost(process, port, links, clock.Elapsed);
    }

    /// <summary>Runs a command of the host in place of it.</summary>
    /// <returns>What it has printed.</returns>
    public static async Task<string> CommandAsync(string data, string? store, params IEnumerable<string> words)
    {
        using var process = Begin(store, [.. words, "--data", data], isQuiet: true);
        var notes = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException(await notes);
    }

    /// <summary>Starts a run and, if asked to, waits for its end.</summary>
    public async Task<string> RunAsync(string agent, string input, int wait)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs")
        {
            Content = new StringContent($$"""{"agent":"{{agent}}","input":"{{input}}"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Prefer", string.Create(CultureInfo.InvariantCulture, $"wait={wait}"));
        using var response = await Client.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        return response.StatusCode == (wait > 0 ? HttpStatusCode.OK : HttpStatusCode.Accepted) ? body
            : throw new InvalidOperationException($"{response.StatusCode}: {body}");
    }

    /// <summary>Approves whatever waits for a person.</summary>
    public async Task ApproveAllAsync()
    {
        while (JsonDocument.Parse(await Client.GetStringAsync("/api/approvals?status=pending&limit=50")).RootElement.GetProperty("items") is var items && items.GetArrayLength() > 0)
        {
            foreach (var approval in items.EnumerateArray())
            {
                using var answer = await Client.PostAsJsonAsync($"/api/approvals/{approval.GetProperty("id").GetString()}/decision", new { decision = "approve" });
                answer.EnsureSuccessStatusCode();
            }
        }
    }

    /// <summary>Completes when every run has ended or waits.</summary>
    public async Task UntilNothingRunsAsync()
    {
        while (!(await Client.GetStringAsync("/api/runs?status=queued&limit=1") + await Client.GetStringAsync("/api/runs?status=running&limit=1"))
            .Equals("""{"items":[]}{"items":[]}""", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System); // outside of what is measured
        }
    }

    public async Task StopAsync()
    {
        using var terminate = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await process.WaitForExitAsync();
    }

    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!process.HasExited)
        {
            await KillAsync();
        }
    }

    /// <param name="isQuiet">Whether what it says beside its output is kept from the terminal.</param>
    private static Process Begin(string? store, IEnumerable<string> words, bool isQuiet = false) => Process.Start(new ProcessStartInfo("dotnet", [Program(), .. words])
    {
        Environment = { ["HOLDFAST_STORE"] = store ?? "" },
        RedirectStandardOutput = true,
        RedirectStandardError = isQuiet,
    })!;

    private static string Program([CallerFilePath] string here = "")
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Path.Combine(Path.GetDirectoryName(here)!, "..", "Crash.Host", "bin", configuration, "net10.0", "Holdfast.Crash.Host.dll");
    }
}

internal static class Figures
{
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>Prints the middle and the slowest hundredth of some times.</summary>
    /// <param name="times">In milliseconds.</param>
    public static void Print(string what, IReadOnlyCollection<double> times)
    {
        double[] sorted = [.. times.Order()];
        Print(what, $"p50 {sorted[sorted.Length / 2]:F1} ms, p99 {sorted[sorted.Length * 99 / 100]:F1} ms, of {sorted.Length}");
    }

    public static void Print(string what, string value) => Console.WriteLine($"  {what,-58} {value}");
}

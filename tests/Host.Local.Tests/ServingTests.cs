using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Durable.Testing;

namespace Holdfast.Host.Local.Tests;

public sealed class ServingTests : IDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(90) };

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task AStopAnswersWaitersEndsStreamsFinishesTheCallInFlightAndSucceeds(string signal)
    {
        using var outside = Listen(out var hold);
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();
        var waiting = StartAsync(port, $"port {hold}", wait: 60);
        using var call = await outside.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask().Patiently();
        var run = await OnlyRunAsync(port);
        using var stream = new StreamReader(await Http.GetStreamAsync($"http://127.0.0.1:{port}/api/runs/{run}/events", TestContext.Current.CancellationToken));
        await stream.ReadLineAsync(TestContext.Current.CancellationToken);

        host.Signal(signal);
        var answer = await waiting;
        var rest = await stream.ReadToEndAsync(TestContext.Current.CancellationToken);
        Answer(call, "held well");
        var (code, _, errors) = await host.EndAsync();

        Assert.Equal((HttpStatusCode.Accepted, 0, ""), (answer.StatusCode, code, errors));
        Assert.EndsWith("retry: 2000\n\n", rest, StringComparison.Ordinal);
        await using var next = HostProcess.Scripted(scratch.At("data"), out port);
        await next.ReadyAsync();
        Assert.Equal("[scripted] held well", await EndOfAsync(port, run));
        Assert.False(outside.Pending(), "The call was made again although its result was recorded.");
    }

    [Theory]
    [InlineData("TERM", 0)]
    [InlineData("KILL", 137)]
    public async Task ACallThatDoesNotEndIsHandedToTheNextStartWithinThirtySeconds(string signal, int exitCode)
    {
        using var outside = Listen(out var hold);
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();
        await StartAsync(port, $"port {hold}");
        using var call = await outside.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask().Patiently();
        var run = await OnlyRunAsync(port);

        host.Signal(signal);
        var (code, _, _) = await host.EndAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(exitCode, code);
        await using var next = HostProcess.Scripted(scratch.At("data"), out port);
        using var again = await outside.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask().Patiently();
        Answer(again, "held at last");
        Assert.Equal("[scripted] held at last", await EndOfAsync(port, run));
    }

    [Fact]
    public async Task BeforeItIsReadyTheHostIsAliveAndTakesNothing()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        var ended = host.EndAsync();
        HttpStatusCode? ready = null;
        while (ready != HttpStatusCode.OK)
        {
            Assert.False(ended.IsCompleted, "The host has ended, or is not ready after a minute.");
            try
            {
                using var health = await Http.GetAsync($"http://127.0.0.1:{port}/health/ready", TestContext.Current.CancellationToken);
                using var live = await Http.GetAsync($"http://127.0.0.1:{port}/health/live", TestContext.Current.CancellationToken);
                ready = health.StatusCode;
                Assert.Equal(HttpStatusCode.OK, live.StatusCode);
                Assert.True(ready is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{ready}");
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await StartAsync(port, "hello", wait: 60, agent: "refund-desk")).StatusCode);
    }

    [Fact]
    public async Task TheFileTheVariablesAndTheOptionsTogetherStartAHost()
    {
        var program = scratch.At("program");
        Directory.CreateDirectory(program);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(HostProcess.Program)!))
        {
            File.Copy(file, Path.Combine(program, Path.GetFileName(file)));
        }

        scratch.WriteAgent("name: clerk\ninstructions: instructions.md\n");
        File.WriteAllText(Path.Combine(program, "appsettings.json"), JsonSerializer.Serialize(new { agents = scratch.At("agents"), data = scratch.At("data"), port = 1, log = "json" }));
        var (taken, port) = (HostProcess.FreePort(), HostProcess.FreePort());
        await using var host = HostProcess.Start(
            ["--port", $"{port}"], new Dictionary<string, string> { ["HOLDFAST_PORT"] = $"{taken}", ["HOLDFAST_MODEL"] = "scripted", ["PORT"] = "1", ["HOST"] = "builder", ["LOG"] = "xml" },
            Path.Combine(program, Path.GetFileName(HostProcess.Program)));

        var line = await host.ReadyAsync();

        Assert.Contains($"http://127.0.0.1:{port} ", line, StringComparison.Ordinal);
        Assert.Contains("Agents: clerk.", line, StringComparison.Ordinal);
        Assert.True(File.Exists(scratch.At("data", "agents.db")));
    }

    [Fact]
    public async Task EveryLineOfAJsonLogIsJson()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--log", "json");
        await host.ReadyAsync();
        await StartAsync(port, "hello", wait: 60, agent: "refund-desk");
        host.Signal("TERM");
        var (_, output, errors) = await host.EndAsync();

        Assert.Empty(errors);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.All(lines, line => Assert.EndsWith("Z", line.GetProperty("Timestamp").GetString(), StringComparison.Ordinal));
        Assert.Contains(lines, line => line.GetProperty("Message").GetString()!.StartsWith("Ready at http://127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AKeyIsNeitherLoggedNorStored()
    {
        const string Canary = "sk-canary-4711";
        var (port, closed) = (HostProcess.FreePort(), HostProcess.FreePort());
        await using var host = HostProcess.Start(["--data", scratch.At("data"), "--port", $"{port}"],
            new Dictionary<string, string> { ["OPENAI_API_KEY"] = Canary, ["OPENAI_BASE_URL"] = $"http://127.0.0.1:{closed}/v1" });
        await host.ReadyAsync();
        await StartAsync(port, "hello", agent: "refund-desk");
        using (var stream = new StreamReader(await Http.GetStreamAsync($"http://127.0.0.1:{port}/api/runs/{await OnlyRunAsync(port)}/events", TestContext.Current.CancellationToken)))
        {
            while (await stream.ReadLineAsync(TestContext.Current.CancellationToken) != "event: model.failed")
            {
                // What the failure says is in the store by then.
            }
        }

        host.Signal("TERM");
        var (code, output, errors) = await host.EndAsync();

        Assert.Equal(0, code);
        Assert.DoesNotContain(Canary, output + errors, StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(scratch.At("data")), file => Assert.DoesNotContain(Canary, File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnotherNameOrAnotherOriginIsRefused()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();

        using var rebound = await SendAsync(port, request => request.Headers.Host = "rebound.example");
        using var crossSite = await SendAsync(port, request => request.Headers.Add("Origin", "https://evil.example"));
        using var own = await SendAsync(port, request => request.Headers.Add("Origin", $"http://127.0.0.1:{port}"));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.OK), (rebound.StatusCode, crossSite.StatusCode, own.StatusCode));
        Assert.Equal("application/problem+json", rebound.Content.Headers.ContentType!.MediaType);
        var problem = JsonElement.Parse(await rebound.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Contains("answers only to 127.0.0.1 and localhost", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABodyOverTheServersLimitIsAnsweredWithTheLimit()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();

        using var reply = await Http.PostAsync($"http://127.0.0.1:{port}/api/runs",
            new StringContent(new string(' ', (1024 * 1024) + 1), null, "application/json"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.StatusCode);
        Assert.Contains("larger than 1048576 bytes", await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.False(reply.Headers.Contains("Server"));
    }

    [Fact]
    public async Task AHeadThatIsTooLargeAndABodyThatDoesNotComeAreRefused()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();

        var large = await RawAsync(port, $"GET /api/runs HTTP/1.1\r\nHost: localhost\r\nX: {new string('x', 40_000)}\r\n\r\n");
        var slow = await RawAsync(port, "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");

        Assert.StartsWith("HTTP/1.1 431 ", large, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 408 ", slow, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostOnTheIPv6LoopbackAnswersThere()
    {
        Assert.SkipUnless(HasIPv6Loopback(), "This machine has no IPv6 loopback address.");
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--host", "::1");

        Assert.Contains($"Ready at http://[::1]:{port} ", await host.ReadyAsync(), StringComparison.Ordinal);
        using var reply = await Http.GetAsync($"http://[::1]:{port}/health/ready", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
    }

    private static TcpListener Listen(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return listener;
    }

    /// <summary>The first line of the answer.</summary>
    private static async Task<string?> RawAsync(int port, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream);
        return await reader.ReadLineAsync();
    }

    private static bool HasIPv6Loopback()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void Answer(TcpClient call, string line)
    {
        using var writer = new StreamWriter(call.GetStream());
        writer.WriteLine(line);
    }

    private static async Task<HttpResponseMessage> StartAsync(int port, string input, int wait = 0, string agent = "holder")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/api/runs") { Content = JsonContent.Create(new { agent, input }) };
        request.Headers.Add("Prefer", $"wait={wait}");
        return await Http.SendAsync(request);
    }

    private static async Task<string> OnlyRunAsync(int port) => Assert.Single((await Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{port}/api/runs"))
        .GetProperty("items").EnumerateArray()).GetProperty("id").GetString()!;

    /// <summary>The run's last words, once its stream has closed.</summary>
    private static async Task<string?> EndOfAsync(int port, string run)
    {
        using var events = await RetryAsync(() => Http.GetAsync($"http://127.0.0.1:{port}/api/runs/{run}/events"));
        await events.Content.ReadAsStringAsync();
        return (await Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{port}/api/runs/{run}")).GetProperty("output").GetString();
    }

    // A host that is starting says so; the same request may be sent again.
    private static async Task<HttpResponseMessage> RetryAsync(Func<Task<HttpResponseMessage>> send)
    {
        while (true)
        {
            var reply = await send();
            if (reply.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return reply;
            }

            reply.Dispose();
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(int port, Action<HttpRequestMessage> with)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/api/runs");
        with(request);
        return await Http.SendAsync(request);
    }
}

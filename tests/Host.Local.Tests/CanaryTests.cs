using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Durable.Testing;

namespace Holdfast.Host.Local.Tests;

/// <summary>Secrets that are told from everything else, in a session in which all fails: afterwards they stand nowhere.</summary>
public sealed class CanaryTests : IDisposable
{
    private const string Shop = "canary-shop+4711/shop-shop";
    private const string Pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49canary/4714+\n-----END PRIVATE KEY-----";
    private const string NamedKey = "sk-canary-named-4712";
    private const string DirectKey = "sk-canary-direct-4713";

    private static readonly HttpClient Http = new();

    private readonly Scratch scratch = new();
    private readonly StringBuilder seen = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task ASecretInTheExceptionOfAToolStandsInNoLogNoStoreAndNoAnswer(string log)
    {
        WriteSecret("shop-key", Shop);
        WriteAgent("leaker", "tools: [leak]\napprovals: [{tool: leak, none: true}]\n", "rules:\n  - call: [{tool: leak, arguments: {}}]\n");
        WriteAgent("idler", "tools: [leak_idle]\n", "rules:\n  - when: {after: nothing}\n    call: [{tool: leak_idle, arguments: {}}]\n  - say: Done.\n");
        var key = await AddKeyAsync();
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--agents", scratch.At("agents"), "--secrets", scratch.At("secrets"), "--log", log);
        await host.ReadyAsync();

        await SessionAsync(port, key, "leaker", "approval.requested");
        await SessionAsync(port, key, "idler", "run.ended");
        await EndAsync(host);

        Assert.Contains("leak failed: InvalidOperationException: GET https://shop.example/?key=secret:shop-key refused the key secret:shop-key.", Everything(), StringComparison.Ordinal);
        AssertNowhere(Shop, Uri.EscapeDataString(Shop), JsonEncodedText.Encode(Shop).ToString(), key.Split('_')[2]);
    }

    [Fact]
    public async Task ASecretOfManyLinesStandsInNoStoreAndNoAnswer()
    {
        WriteSecret("shop-key", Pem);
        WriteAgent("leaker", "tools: [leak]\napprovals: [{tool: leak, none: true}]\n", "rules:\n  - call: [{tool: leak, arguments: {}}]\n");
        var key = await AddKeyAsync();
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--agents", scratch.At("agents"), "--secrets", scratch.At("secrets"));
        await host.ReadyAsync();

        await SessionAsync(port, key, "leaker", "approval.requested");
        await EndAsync(host);

        Assert.Contains("refused the key secret:shop-key.", Everything(), StringComparison.Ordinal);
        AssertNowhere("PRIVATE KEY", "MIGHAgEAMBMG");
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task ASecretOfManyLinesStandsInNoLogWhichMayMakeOneLineOfThem(string log)
    {
        // A database that is called like its password: the log says which one is away.
        WriteSecret("database-key", Pem);
        Dictionary<string, string> store = new() { ["HOLDFAST_STORE"] = $"Host=/nowhere;Username=u;Database='{Pem}'", ["HOLDFAST_STORE_PASSWORD"] = "secret:database-key" };
        await using var host = HostProcess.Start(HostProcess.Args(scratch.At("data"), HostProcess.FreePort(), "--secrets", scratch.At("secrets"), "--log", log), store);

        seen.Append(await host.SaysAsync("The start waits for it"));

        Assert.Contains("database secret:database-key does not answer", Everything(), StringComparison.Ordinal);
        AssertNowhere("PRIVATE KEY", "MIGHAgEAMBMG");
    }

    [Fact]
    public async Task AModelsKeyStandsNowhereWhateverTheFarSideMakesOfIt()
    {
        using var far = new Echo();
        WriteSecret("model-key", NamedKey);
        WriteAgent("named", "model: named\n", null);
        WriteAgent("direct", "model: direct\n", null);
        var key = await AddKeyAsync();
        Dictionary<string, string> variables = new()
        {
            ["HOLDFAST_MODELS__named__model"] = "m", ["HOLDFAST_MODELS__named__endpoint"] = $"{far.Address}v1/", ["HOLDFAST_MODELS__named__apiKey"] = "secret:model-key",
            ["HOLDFAST_MODELS__direct__model"] = "m", ["HOLDFAST_MODELS__direct__endpoint"] = $"{far.Address}v1/", ["HOLDFAST_MODELS__direct__apiKey"] = DirectKey,
        };
        var port = HostProcess.FreePort();
        await using var host = HostProcess.Start(["--data", scratch.At("data"), "--port", $"{port}", "--agents", scratch.At("agents"), "--secrets", scratch.At("secrets")], variables);
        await host.ReadyAsync();

        await SessionAsync(port, key, "named", "run.paused");
        await SessionAsync(port, key, "direct", "run.paused");
        await EndAsync(host);

        Assert.Contains($"Bearer {NamedKey}", far.Heard, StringComparison.Ordinal);
        Assert.Contains($"Bearer {DirectKey}", far.Heard, StringComparison.Ordinal);
        AssertNowhere(NamedKey, DirectKey, key.Split('_')[2]);
    }

    [Fact]
    public async Task ASecretThatCannotBeHadIsAStartErrorThatNamesTheSetting()
    {
        WriteSecret("model-key", NamedKey);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(scratch.At("secrets", "model-key"), (UnixFileMode)0b110_100_100);
        }

        await using var open = HostProcess.Start(["--data", scratch.At("data"), "--secrets", scratch.At("secrets")], new Dictionary<string, string> { ["OPENAI_API_KEY"] = "secret:model-key" });
        await using var missing = HostProcess.Start(["--data", scratch.At("data"), "--secrets", scratch.At("secrets")], new Dictionary<string, string> { ["OPENAI_API_KEY"] = "secret:other" });
        await using var nowhere = HostProcess.Start(["--data", scratch.At("data"), "--secrets", scratch.At("nowhere")]);

        var ends = new[] { await open.EndAsync(), await missing.EndAsync(), await nowhere.EndAsync() };

        Assert.All(ends, end => Assert.Equal(2, end.Code));
        Assert.StartsWith($"OPENAI_API_KEY: {scratch.At("secrets", "model-key")} is open to more than its owner", ends[0].Errors, StringComparison.Ordinal);
        Assert.StartsWith("OPENAI_API_KEY: There is no secret 'other'.", ends[1].Errors, StringComparison.Ordinal);
        Assert.Contains("is no directory. Create it", ends[2].Errors, StringComparison.Ordinal);
        Assert.All(ends, end => Assert.DoesNotContain(NamedKey, end.Errors + end.Output, StringComparison.Ordinal));
    }

    /// <summary>Starts a run, lets it come to where it fails, and reads everything that can be read of it; and asks wrongly in many ways.</summary>
    private async Task SessionAsync(int port, string key, string agent, string until)
    {
        var bearer = new AuthenticationHeaderValue("Bearer", key);
        var run = JsonElement.Parse(await AskAsync(port, "/api/runs", bearer, JsonContent.Create(new { agent, input = "go" }))).GetProperty("id").GetString()!;
        using (var begun = await Http.SendAsync(Events(), HttpCompletionOption.ResponseHeadersRead))
        using (var lines = new StreamReader(await begun.Content.ReadAsStreamAsync()))
        {
            while (await lines.ReadLineAsync().Patiently() is { } line && line != $"event: {until}")
            {
            }
        }

        foreach (var path in new[] { $"/api/runs/{run}", $"/api/runs/{run}/transcript", "/api/runs", "/api/approvals", $"/api/runs?cursor=x&key={key}", "/api/nowhere" })
        {
            await AskAsync(port, path, bearer);
            await AskAsync(port, path, new AuthenticationHeaderValue("Basic", key));
            await AskAsync(port, path, new AuthenticationHeaderValue("Bearer", $"{key}x"));
        }

        await AskAsync(port, $"/api/runs/{run}/cancel", bearer, JsonContent.Create(new { }));
        using var events = await Http.SendAsync(Events());
        seen.AppendLine(await events.Content.ReadAsStringAsync());

        HttpRequestMessage Events() => new(HttpMethod.Get, $"http://127.0.0.1:{port}/api/runs/{run}/events") { Headers = { Authorization = bearer } };
    }

    private async Task<string> AskAsync(int port, string path, AuthenticationHeaderValue authorization, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(content is null ? HttpMethod.Get : HttpMethod.Post, $"http://127.0.0.1:{port}{path}") { Content = content };
        request.Headers.Authorization = authorization;
        using var reply = await Http.SendAsync(request);
        var text = await reply.Content.ReadAsStringAsync();
        seen.AppendLine(text).AppendLine(reply.Headers.ToString());
        return text;
    }

    private async Task EndAsync(HostProcess host)
    {
        // Before the stop, which empties the files that go beside the databases.
        Look();
        host.Signal("TERM");
        var (_, output, errors) = await host.EndAsync();
        seen.AppendLine(output).AppendLine(errors);
        Look();

        void Look()
        {
            foreach (var file in Directory.GetFiles(scratch.At("data")).Where(file => Path.GetFileName(file) is not ("lock" or "control.sock")))
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using var reader = new StreamReader(stream, Encoding.Latin1);
                seen.AppendLine(reader.ReadToEnd());
            }
        }
    }

    private string Everything() => seen.ToString();

    private void AssertNowhere(params string[] canaries) => Assert.All(canaries, canary => Assert.DoesNotContain(canary, Everything(), StringComparison.Ordinal));

    private async Task<string> AddKeyAsync()
    {
        await using var command = HostProcess.Start(["keys", "add", "--name", "canary", "--tenant", "acme", "--roles", "submit,read", "--data", scratch.At("data")]);
        return (await command.EndAsync()).Output.Trim();
    }

    private void WriteSecret(string name, string value)
    {
        Directory.CreateDirectory(scratch.At("secrets"));
        File.WriteAllText(scratch.At("secrets", name), value + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(scratch.At("secrets", name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private void WriteAgent(string name, string yaml, string? script)
    {
        Directory.CreateDirectory(scratch.At("agents", name));
        File.WriteAllText(scratch.At("agents", name, "agent.yaml"), $"name: {name}\ninstructions: instructions.md\n{yaml}");
        File.WriteAllText(scratch.At("agents", name, "instructions.md"), "Be kind.");
        if (script is not null)
        {
            File.WriteAllText(scratch.At("agents", name, "script.yaml"), script);
        }
    }

    /// <summary>A service that refuses every key and says it back in all the ways that a service may.</summary>
    private sealed class Echo : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly StringBuilder heard = new();
        private readonly Task serving;

        public Echo()
        {
            listener.Start();
            serving = ServeAsync();
        }

        public Uri Address => new($"http://{listener.LocalEndpoint}/");

        public string Heard => heard.ToString();

        public void Dispose()
        {
            listener.Stop();
            serving.GetAwaiter().GetResult();
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var call = await listener.AcceptTcpClientAsync();
                    await AnswerAsync(call.GetStream());
                }
            }
            catch (SocketException)
            {
                // It was stopped.
            }
        }

        private async Task AnswerAsync(NetworkStream stream)
        {
            var buffer = new byte[64 * 1024];
            var head = "";
            while (!head.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                head += Encoding.Latin1.GetString(buffer, 0, await stream.ReadAsync(buffer));
            }

            heard.Append(head);
            var key = head.Split("Authorization: Bearer ")[1].Split('\r')[0];
            var body = JsonSerializer.Serialize(new { error = new { message = $"Incorrect API key provided: {key}", type = key, code = key, param = key } });
            await stream.WriteAsync(Encoding.Latin1.GetBytes(
                $"HTTP/1.1 401 {key}\r\nContent-Type: application/json\r\nx-request-id: {key}\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        }
    }
}

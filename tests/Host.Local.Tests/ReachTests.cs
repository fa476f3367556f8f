using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Holdfast.Host.Local.Tests;

/// <summary>A host that other machines reach.</summary>
public sealed class ReachTests : IDisposable
{
    private static readonly Dictionary<string, string> Model = new() { ["OPENAI_API_KEY"] = "sk-1" };

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task WithoutAKeyThatIsGoodItDoesNotStart()
    {
        Pem.Write(scratch.At("cert.pem"), withKey: true);
        await using (var host = Start("--host", "0.0.0.0", "--certificate", scratch.At("cert.pem")))
        {
            var (code, _, errors) = await host.EndAsync();

            Assert.Equal(2, code);
            Assert.Contains("there is no API key that is good. Add one: keys add --name NAME --tenant TENANT --roles submit,read --data ", errors, StringComparison.Ordinal);
        }

        var key = await AddAsync();
        await using (var revoke = HostProcess.Start(["keys", "revoke", key.Split('_')[1], "--data", scratch.At("data")]))
        {
            await revoke.EndAsync();
        }

        await using var again = Start("--host", "0.0.0.0", "--certificate", scratch.At("cert.pem"));
        Assert.Contains("there is no API key that is good.", (await again.EndAsync()).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithACertificateEveryRequestIsEncryptedAndNeedsAKeyAlsoByLoopback()
    {
        var first = Pem.Write(scratch.At("cert.pem"), withKey: true);
        var key = await AddAsync();
        var port = HostProcess.FreePort();
        await using var host = Start("--host", "0.0.0.0", "--port", $"{port}", "--certificate", scratch.At("cert.pem"));

        Assert.Contains($"Ready at https://0.0.0.0:{port} ", await host.ReadyAsync(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, first), await TlsAsync(port, key));
        Assert.Equal(HttpStatusCode.Unauthorized, (await TlsAsync(port, null)).Status);
        using var plain = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync($"http://127.0.0.1:{port}/health/live", TestContext.Current.CancellationToken));

        var renewed = Pem.Write(scratch.At("cert.pem"), withKey: true);
        File.SetLastWriteTimeUtc(scratch.At("cert.pem"), File.GetLastWriteTimeUtc(scratch.At("cert.pem")).AddSeconds(1));
        Assert.Equal((HttpStatusCode.OK, renewed), await TlsAsync(port, key));
    }

    [Fact]
    public async Task PlainHttpIsTakenFromTheProxyAloneAndItsClientsNeedKeys()
    {
        var (host, port, key) = await BehindProxyAsync();
        await using var running = host;

        Assert.Equal(HttpStatusCode.OK, await PlainAsync(port, "127.0.0.2", key));
        Assert.Equal(HttpStatusCode.Unauthorized, await PlainAsync(port, "127.0.0.2", null));
        Assert.Equal(HttpStatusCode.Forbidden, await PlainAsync(port, "127.0.0.1", key));
        Assert.Equal(HttpStatusCode.Forbidden, await PlainAsync(port, "127.0.0.1", key, "127.0.0.2"));
        Assert.Equal(HttpStatusCode.Forbidden, await PlainAsync(port, "127.0.0.1", key, path: "/health/ready"));
    }

    [Fact]
    public async Task AForgedXForwardedForDoesNotGetAroundALimit()
    {
        var (host, port, _) = await BehindProxyAsync();
        await using var running = host;
        List<HttpStatusCode> statuses = [];
        for (var i = 0; i < 40; i++)
        {
            // What the client has sent stands before what the proxy adds.
            statuses.Add(await PlainAsync(port, "127.0.0.2", "guess", $"198.51.100.{i}, 203.0.113.9"));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, statuses[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.Unauthorized, await PlainAsync(port, "127.0.0.2", "guess", "203.0.113.10"));
    }

    [Fact]
    public async Task AClientInsideANetworkThatWasNamedDoesNotGetAroundALimitEither()
    {
        var (host, port, _) = await BehindProxyAsync("127.0.0.0/8");
        await using var running = host;
        List<HttpStatusCode> statuses = [];
        for (var i = 0; i < 40; i++)
        {
            statuses.Add(await PlainAsync(port, "127.0.0.2", "guess", $"198.51.100.{i}, 127.0.0.9"));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, statuses[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.Unauthorized, await PlainAsync(port, "127.0.0.2", "guess", "127.0.0.10"));
    }

    [Fact]
    public async Task OfTwoProxiesInARowBothAreNamedAndTheClientIsTheOneBehindThem()
    {
        var (host, port, _) = await BehindProxyAsync("127.0.0.2,127.0.0.3");
        await using var running = host;
        List<HttpStatusCode> statuses = [];
        for (var i = 0; i < 40; i++)
        {
            statuses.Add(await PlainAsync(port, "127.0.0.2", "guess", $"198.51.100.{i}, 203.0.113.9, 127.0.0.3"));
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.Unauthorized, await PlainAsync(port, "127.0.0.2", "guess", "203.0.113.10, 127.0.0.3"));
    }

    [Fact]
    public async Task TenTimesTheRateIsAnsweredWithTheTimeToWaitAndHealthIsNot()
    {
        var key = await AddAsync();
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port, "--rate", "1");
        await host.ReadyAsync();
        List<HttpResponseMessage> replies = [];
        for (var i = 0; i < 40; i++)
        {
            replies.Add(await SendAsync(new HttpClient(), $"http://127.0.0.1:{port}/api/runs", key));
        }

        Assert.Equal(HttpStatusCode.OK, replies[0].StatusCode);
        var refused = Assert.IsType<HttpResponseMessage>(replies.FirstOrDefault(reply => reply.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(new HttpClient(), $"http://127.0.0.1:{port}/health/ready", key)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(new HttpClient(), $"http://127.0.0.1:{port}/api/runs", null)).StatusCode);
    }

    private async Task<(HostProcess Host, int Port, string Key)> BehindProxyAsync(string proxies = "127.0.0.2,10.0.0.7")
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has all of 127.0.0.0/8 to send from.");
        var key = await AddAsync();
        var port = HostProcess.FreePort();
        var host = Start("--port", $"{port}", "--proxy", proxies);
        await host.ReadyAsync();
        return (host, port, key);
    }

    private HostProcess Start(params string[] options) => HostProcess.Start(["--data", scratch.At("data"), .. options], Model);

    private async Task<string> AddAsync()
    {
        await using var command = HostProcess.Start(["keys", "add", "--name", "ci", "--tenant", "acme", "--roles", "submit,read", "--data", scratch.At("data")]);
        return (await command.EndAsync()).Output.Trim();
    }

    /// <summary>Over a connection of its own.</summary>
    private static async Task<(HttpStatusCode Status, string? Certificate)> TlsAsync(int port, string? key)
    {
        string? thumbprint = null;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => (thumbprint = certificate!.GetCertHashString()) is not null },
        });
        using var reply = await SendAsync(http, $"https://127.0.0.1:{port}/api/runs", key);
        return (reply.StatusCode, thumbprint);
    }

    /// <summary>From an address of this machine, over a connection of its own.</summary>
    private static async Task<HttpStatusCode> PlainAsync(int port, string from, string? key, string? forwardedFor = null, string path = "/api/runs")
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        if (forwardedFor is not null)
        {
            http.DefaultRequestHeaders.Add("X-Forwarded-For", forwardedFor);
        }

        using var reply = await SendAsync(http, $"http://127.0.0.1:{port}{path}", key);
        return reply.StatusCode;
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, string address, string? key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return http.SendAsync(request);
    }
}

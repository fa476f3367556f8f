using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Agents.Messages;
using Holdfast.Durable.Testing;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>What holds for both channels that post: Teams and webhook.</summary>
public sealed class PostingTests
{
    private static readonly WebhookSecret Key = new(Asking.Secrets.Resolve("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));

    public static TheoryData<string> Channels => ["teams", "webhook"];

    [Theory]
    [InlineData(200, null)]
    [InlineData(202, null)]
    [InlineData(204, null)]
    [InlineData(302, true)]
    [InlineData(400, true)]
    [InlineData(401, true)]
    [InlineData(404, true)]
    [InlineData(410, true)]
    [InlineData(408, false)]
    [InlineData(429, false)]
    [InlineData(500, false)]
    [InlineData(503, false)]
    public async Task OnlyWhatWouldBeRefusedAgainIsFinal(int status, bool? isFinal)
    {
        await using var receiver = await Receiver.StartAsync(http =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        foreach (var channel in Both(receiver.Address))
        {
            if (isFinal is null)
            {
                await channel.SendAsync(Asking.Shared(), default);
            }
            else
            {
                var error = await FailAsync(channel);
                Assert.Equal(isFinal, error.IsFinal);
                Assert.Contains(status.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory, MemberData(nameof(Channels))]
    public async Task ARedirectIsNotFollowed(string name)
    {
        await using var elsewhere = await Receiver.StartAsync();
        await using var receiver = await Receiver.StartAsync(http =>
        {
            http.Response.Redirect(elsewhere.Address.AbsoluteUri, permanent: true, preserveMethod: true);
            return Task.CompletedTask;
        });

        await FailAsync(Channel(name, receiver.Address));

        Assert.Empty(elsewhere.Deliveries);
    }

    [Theory, MemberData(nameof(Channels))]
    public async Task HowLongToWaitIsSaid(string name)
    {
        await using var receiver = await Receiver.StartAsync(http =>
        {
            (http.Response.StatusCode, http.Response.Headers.RetryAfter) = (429, "37");
            return Task.CompletedTask;
        });

        Assert.Contains("left alone for 37 s", (await FailAsync(Channel(name, receiver.Address))).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Channels))]
    public async Task AnAnswerWithoutEndHoldsNobodyUp(string name)
    {
        await using var receiver = await Receiver.StartAsync(async http =>
        {
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.Body.WriteAsync(new byte[64 * 1024]);
            }
        });

        await Channel(name, receiver.Address).SendAsync(Asking.Shared(), default).Patiently();
    }

    [Theory, MemberData(nameof(Channels))]
    public async Task AReceiverThatSaysNothingIsGivenUpAfterTwentySeconds(string name)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var receiver = await Receiver.StartAsync(http =>
        {
            asked.SetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        });
        var time = new VirtualTime();

        var sent = Channel(name, receiver.Address, time).SendAsync(Asking.Shared(), default);
        await asked.Task.Patiently();
        time.Advance(TimeSpan.FromSeconds(20));

        Assert.Contains("within 20 s", (await Assert.ThrowsAsync<ChannelException>(() => sent.Patiently())).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Channels))]
    public async Task WhereNobodyListensIsSaidWithoutTheAddressThatIsSecret(string name)
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)nobody.LocalEndpoint).Port}/hook?sig={Asking.Token}");
        nobody.Stop();

        Assert.Contains("ConnectionRefused", (await FailAsync(Channel(name, address))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://hooks.example/x")]
    [InlineData("ftp://hooks.example/x")]
    [InlineData("https://user:password@hooks.example/x")]
    public void OnlyHttpsLeavesTheMachine(string address) => Assert.All(Channels, name =>
        Assert.DoesNotContain("password", Assert.Throws<ArgumentException>(() => Channel(name, new Uri(address))).Message, StringComparison.Ordinal));

    private static IEnumerable<IChannel> Both(Uri address) => Channels.Select(name => Channel(name, address));

    private static IChannel Channel(string name, Uri address, TimeProvider? time = null) => name == "teams"
        ? new TeamsChannel(Asking.Secrets.Resolve("webhook", address.AbsoluteUri), time ?? TimeProvider.System)
        : new WebhookChannel(address, [Key], time ?? TimeProvider.System);

    private static async Task<ChannelException> FailAsync(IChannel channel)
    {
        var error = await Assert.ThrowsAsync<ChannelException>(() => channel.SendAsync(Asking.Shared(), default).Patiently());
        Assert.DoesNotContain(Asking.Token, error.ToString(), StringComparison.Ordinal);
        return error;
    }
}

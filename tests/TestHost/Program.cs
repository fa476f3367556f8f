using System.ComponentModel;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Agents.Tools;
using Holdfast.Host.Local;

return await LocalHost.RunAsync(args, host => host.AddTools(new Desk(host)));

/// <summary>The tools of a host that tests start, stop and break.</summary>
internal sealed class Desk(LocalHostBuilder host)
{
    [Tool("issue_refund", Does = Effect.External, Idempotent = true), Description("Refunds.")]
    public object Refund([Description("The order.")] string orderId, [Description("How much.")] decimal amount) => new { orderId, refunded = amount };

    /// <summary>A call that the test sees coming, and holds until it writes a line.</summary>
    [Tool("hold"), Description("Asks a program on this machine, and answers what that says.")]
    public async Task<object> HoldAsync([Description("Where it listens.")] string port, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), cancellation);
        using var reader = new StreamReader(client.GetStream());
        return new { said = await reader.ReadLineAsync(cancellation) ?? throw new IOException("It hung up.") };
    }

    /// <summary>A tool as they should not be: what it throws holds the secret that it was given.</summary>
    [Tool("leak", Does = Effect.External), Description("Fails.")]
    public object Leak()
    {
        var secret = host.Secret("shop-key").Reveal();
        throw new InvalidOperationException($"GET https://shop.example/?key={Uri.EscapeDataString(secret)} refused the key {secret}.", new IOException(secret));
    }

    [Tool("leak_idle", Retries = 0), Description("Fails, too.")]
    public object LeakIdle() => Leak();
}

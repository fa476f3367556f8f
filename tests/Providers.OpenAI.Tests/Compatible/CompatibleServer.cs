using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Holdfast.Providers.OpenAI.Tests.Compatible;

/// <summary>An OpenAI-compatible server made by others (npm's @copilotkit/aimock), which knows nothing of this client. It runs
/// for one class of tests on a free port of loopback, and answers 503 to what its fixtures do not expect.</summary>
public sealed class CompatibleServer : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private Process? server;
    private string? missing;
    private int port;

    public OpenAIModelOptions Options(OpenAIApi api)
    {
        Assert.SkipWhen(missing is not null, missing ?? "");
        return new() { Model = "gpt-5.4", Endpoint = new($"http://127.0.0.1:{port}/v1/"), ApiKey = "any", Api = api };
    }

    public async ValueTask InitializeAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var folder = Path.Combine(AppContext.BaseDirectory, "aimock");
        try
        {
            using (var node = Start("node", folder, "--version"))
            {
                await node.WaitForExitAsync(patience.Token);
            }

            var program = Path.Combine(folder, "node_modules", "@copilotkit", "aimock", "dist", "cli.js");
            if (!File.Exists(program))
            {
                await InstallAsync(folder, patience.Token);
            }

            port = FreePort();
            server = Start("node", folder, program, "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture),
                "-f", "fixtures.json", "--strict", "--log-level", "silent");
        }
        catch (Win32Exception)
        {
            missing = "Node.js (node and npm) is not on the PATH; the compatible server these tests talk to is a Node.js program.";
            return;
        }
        await ConnectAsync(server, patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is null)
        {
            return;
        }

        server.Kill(entireProcessTree: true);
        await server.WaitForExitAsync();
        server.Dispose();
    }

    // The lock file says which bytes; nothing but them is installed.
    private static async Task InstallAsync(string folder, CancellationToken patience)
    {
        using var npm = Start(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", folder, "ci", "--no-audit", "--no-fund");
        await npm.WaitForExitAsync(patience);
        if (npm.ExitCode != 0)
        {
            throw new InvalidOperationException($"'npm ci' in {folder} ended with {npm.ExitCode}. Run it there by hand to see why.");
        }
    }

    private static Process Start(string program, string folder, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder })!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task ConnectAsync(Process process, CancellationToken patience)
    {
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"The compatible server ended with {process.ExitCode} before it listened on port {port}.");
            }

            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync(IPAddress.Loopback, port, patience);
                return;
            }
            catch (SocketException)
            {
                // Another process is starting; there is no other signal than the port itself.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, patience);
            }
        }
    }
}

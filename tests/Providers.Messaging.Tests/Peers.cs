using System.ComponentModel;
using System.Diagnostics;

[assembly: AssemblyFixture(typeof(Holdfast.Providers.Messaging.Tests.Peers))]

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>Programs made by others that receive what is sent (npm's smtp-server, standardwebhooks and adaptivecards). They are installed once.</summary>
public sealed class Peers : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private string? missing;

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "peers");

    public async ValueTask InitializeAsync()
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            using (var node = Process.Start(new ProcessStartInfo("node", ["--version"]))!)
            {
                await node.WaitForExitAsync(patience.Token);
            }

            if (!Directory.Exists(Path.Combine(Folder, "node_modules", "smtp-server")))
            {
                await InstallAsync(patience.Token);
            }
        }
        catch (Win32Exception)
        {
            missing = "Node.js (node and npm) is not on the PATH; what receives the messages in these tests are Node.js programs.";
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>One of them, by the name of its script.</summary>
    internal Process Start(string script, params string[] arguments)
    {
        Assert.SkipWhen(missing is not null, missing ?? "");
        return Process.Start(new ProcessStartInfo("node", [script, .. arguments]) { WorkingDirectory = Folder, RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    // The lock file says which bytes; nothing but them is installed.
    private static async Task InstallAsync(CancellationToken patience)
    {
        using var npm = Process.Start(new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund"]) { WorkingDirectory = Folder })!;
        await npm.WaitForExitAsync(patience);
        if (npm.ExitCode != 0)
        {
            throw new InvalidOperationException($"'npm ci' in {Folder} ended with {npm.ExitCode}. Run it there by hand to see why.");
        }
    }
}

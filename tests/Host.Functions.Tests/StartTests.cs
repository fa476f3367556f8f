using System.Diagnostics;
using Holdfast.Agents.Secrets;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>The example as a process of its own, without the Functions host: it says what it lacks, and ends.</summary>
public sealed class StartTests
{
    private static readonly (string, string)[] Reached =
    [
        ("HOLDFAST_STORE", "Host=/nowhere;Database=holdfast;Username=me"), ("TASKHUB_NAME", "hub"),
        ("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "Endpoint=http://localhost:8080;Authentication=None"),
    ];

    [Fact]
    public async Task WithoutAStoreItSaysWhatToSet() => Assert.StartsWith("HOLDFAST_STORE is not set.", await RefusalAsync(), StringComparison.Ordinal);

    [Fact]
    public async Task WithoutASignInBeforeItNobodysHeaderIsTrusted() =>
        Assert.StartsWith("WEBSITE_AUTH_ENABLED is not 'true'", await RefusalAsync(Reached), StringComparison.Ordinal);

    [Fact]
    public async Task WithoutAModelItListsTheWaysAndRefusesTheScriptedOne() =>
        Assert.Contains("the scripted model is refused here", await RefusalAsync([.. Reached, ("HOLDFAST_IDENTITY", "keys")]), StringComparison.Ordinal);

    [Fact]
    public async Task ASettingThatIsEmptyIsNotSet() => Assert.StartsWith(
        "TASKHUB_NAME is not set.", await RefusalAsync([.. Reached, ("TASKHUB_NAME", "")]), StringComparison.Ordinal);

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public async Task WhatAProgramThrowsIsSaidWithoutItsSecrets(bool refuses, int code)
    {
        var said = new StringWriter();
        var key = ("OPENAI_API_KEY", "canary-4711");
        var args = Reached.Append(("HOLDFAST_IDENTITY", "keys")).Append(key).Select(setting => $"--{setting.Item1}={setting.Item2}").ToArray();
        Assert.Equal(code, await FunctionsHost.RunAsync(args, _ => throw (refuses ? new StartException("Not with canary-4711.") : new InvalidOperationException("Not with canary-4711.")), said));
        Assert.Contains("Not with secret.", said.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("4711", said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatEndsTheAppIsSaidWithItsCauseAndWithoutItsSecretsUnlessItStopsAnyway()
    {
        var said = new StringWriter();
        List<int> codes = [];
        var secrets = new SecretSource(null, static _ => "canary-4711");
        secrets.Get("db");
        foreach (var isStopping in new[] { false, true })
        {
            FunctionsHost.End("The app ends, because it has no store", new IOException("Not with canary-4711."), NullLogger.Instance, secrets, said, codes.Add, new CancellationToken(isStopping));
        }

        Assert.Equal(("The app ends, because it has no store: Not with secret:db.", 1), (said.ToString().TrimEnd(), Assert.Single(codes)));
    }

    private static async Task<string> RefusalAsync(params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "refund-desk-functions.dll")])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(2, process.ExitCode);
        return said;
    }
}

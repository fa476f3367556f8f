using System.Diagnostics;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Durable.Embedded.Storage;
using Holdfast.Durable.Testing;
using Holdfast.Host.Local.Commands;
using Holdfast.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Host.Local.Tests;

public sealed class ControlSocketTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly SecretSource secrets = new(null, static _ => null);
    private readonly AgentStore store;

    public ControlSocketTests() => store = new(SqliteDialect.Open(scratch.At("agents.db"), TimeProvider.System, NullLogger.Instance));

    public void Dispose()
    {
        store.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task ACommandThatIsUnderWayWhenTheHostStopsIsAnswered()
    {
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var control = await OpenAsync(scratch.Path, async words =>
        {
            begun.SetResult();
            await release.Task;
            return await Command.RunAsync(store, words, NullLoggerFactory.Instance);
        });
        var asked = ControlSocket.SendAsync(scratch.Path, ["keys", "add", "--name", "ci", "--tenant", "acme", "--roles", "read"]);
        await begun.Task.Patiently();

        var stopping = control.DisposeAsync().AsTask();
        release.SetResult();
        var answer = await asked.Patiently();
        await stopping.Patiently();

        Assert.Equal(0, answer!.Code);
        Assert.Contains(Assert.Single(await new ApiKeys(store).ListAsync()).Prefix, answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACommandThatTheStopCutsOffSaysThatItsOutcomeIsNotKnown()
    {
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var control = await OpenAsync(scratch.Path, async words =>
        {
            begun.SetResult();
            await release.Task;
            return await Command.RunAsync(store, words, NullLoggerFactory.Instance);
        });
        var asked = ControlSocket.SendAsync(scratch.Path, ["keys", "list"]);
        await begun.Task.Patiently();

        await control.DisposeAsync().AsTask().Patiently();
        var answer = await asked.Patiently();
        release.SetResult();

        Assert.Equal((1, ""), (answer!.Code, answer.Output));
        Assert.Contains("Whether it was done is not known: look at 'keys list'", answer.Note, StringComparison.Ordinal);
    }

    public static TheoryData<Exception, string> Failures => new()
    {
        { new DatabaseFullException("agents.db", "the disk is full", new IOException()), "Database agents.db cannot take more now: the disk is full." },
        { new StoreUnavailableException("PostgreSQL does not answer."), "PostgreSQL does not answer." },
        { new StoreUnavailableException("PostgreSQL does not answer.", mayBeStored: true), "Whether it was done is not known: look at 'keys list'" },
        { new ObjectDisposedException("agents.db"), "The host is stopping, and did not do this." },
        { new InvalidOperationException("An unknown cause."), "this is a fault of the host's code: An unknown cause." },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task WhatFailsIsToldInASentence(Exception failure, string words)
    {
        await using var control = await OpenAsync(scratch.Path, given => Command.RunAsync(() => Task.FromException<CommandAnswer>(failure)));

        var answer = await ControlSocket.SendAsync(scratch.Path, ["keys", "list"]);

        Assert.Equal((1, ""), (answer!.Code, answer.Output));
        Assert.Contains(words, answer.Note, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", answer.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatFailsIsToldWithoutTheHostsSecretsAndANewKeyIsShownAllTheSame()
    {
        secrets.Resolve("apiKey", "canary-4711");
        await using var control = await OpenAsync(scratch.Path, words => words[1] == "add" ? Command.RunAsync(store, words, NullLoggerFactory.Instance)
            : Task.FromException<CommandAnswer>(new InvalidOperationException("The shop refused canary-4711.")));

        Assert.Contains("code: The shop refused secret.", (await ControlSocket.SendAsync(scratch.Path, ["keys", "list"]))!.Note, StringComparison.Ordinal);
        Assert.Matches("^hf_[0-9a-z]{8}_[0-9a-z]{58}\n$", (await ControlSocket.SendAsync(scratch.Path, ["keys", "add", "--name", "ci", "--tenant", "acme", "--roles", "read"]))!.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task AStoreThatIsClosedIsToldInASentence()
    {
        var closed = new AgentStore(SqliteDialect.Open(scratch.At("closed.db"), TimeProvider.System, NullLogger.Instance));
        closed.Dispose();
        await using var control = await OpenAsync(scratch.Path, words => Command.RunAsync(closed, words, NullLoggerFactory.Instance));

        var answer = await ControlSocket.SendAsync(scratch.Path, ["keys", "list"]);

        Assert.Equal((1, ""), (answer!.Code, answer.Output));
        Assert.Contains("The host is stopping", answer.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsInThePlaceOfAnEarlierHostsSocketElsewhereHoldsUpNoStart()
    {
        Directory.CreateDirectory(scratch.At("taken", "control.sock")); // what cannot be deleted as a file
        await File.WriteAllTextAsync(scratch.At("control.path"), scratch.At("taken", "control.sock"), TestContext.Current.CancellationToken);

        await using var control = await OpenAsync(scratch.Path);

        Assert.Equal(0, (await ControlSocket.SendAsync(scratch.Path, ["keys", "list"]))!.Code);
    }

    [Fact]
    public async Task ASocketElsewhereIsSpokenToOnlyIfItIsTheUsersThatWroteWhereItIs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Only root can make a file another user's.");
        Directory.CreateDirectory(scratch.At("host"));
        await using var control = await OpenAsync(scratch.At("host"));
        await File.WriteAllTextAsync(scratch.At("control.path"), scratch.At("host", "control.sock"), TestContext.Current.CancellationToken);
        Assert.Equal(0, (await ControlSocket.SendAsync(scratch.Path, ["keys", "list"]))!.Code);

        using var chown = Process.Start("chown", ["65534", scratch.At("control.path")]);
        await chown.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Null(await ControlSocket.SendAsync(scratch.Path, ["keys", "list"]));
    }

    [Fact]
    public async Task ADirectoryThatIsHeldForAMomentIsTakenWhenItIsFree()
    {
        var held = DataDirectory.Own(scratch.At("data"));
        var tries = 0;

        using var taken = await HeldDirectory.UntilFreeAsync(() =>
        {
            try
            {
                return Task.FromResult(DataDirectory.Own(scratch.At("data")));
            }
            finally
            {
                if (++tries == 2)
                {
                    held.Dispose();
                }
            }
        }).Patiently();

        Assert.Equal(3, tries);
    }

    private Task<ControlSocket> OpenAsync(string data, Func<IReadOnlyList<string>, Task<CommandAnswer>>? run = null) =>
        ControlSocket.OpenAsync(data, run ?? (words => Command.RunAsync(store, words, NullLoggerFactory.Instance)), secrets, NullLoggerFactory.Instance);
}

using System.Text.RegularExpressions;
using Holdfast.Agents.Secrets;

namespace Holdfast.Host.Local.Tests;

public sealed partial class LinkKeyTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task AtTheFirstStartAKeyIsMadeThatNobodyElseReadsAndItStays()
    {
        await using (var host = HostProcess.Scripted(scratch.At("data"), out _))
        {
            await host.ReadyAsync();
            host.Signal("TERM");
            var (code, output, errors) = await host.EndAsync();
            Assert.Equal(0, code);
            Assert.Matches(Said(), output);
            Assert.DoesNotContain(Key(), output + errors, StringComparison.Ordinal);
        }

        var key = Key();
        Assert.Equal(32, Convert.FromBase64String(key).Length);
        Assert.Equal(["link.key"], Directory.GetFiles(scratch.At("data"), "link.*").Select(Path.GetFileName));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(scratch.At("data", "link.key")));
        }

        await using var again = HostProcess.Scripted(scratch.At("data"), out _);
        await again.ReadyAsync();
        Assert.Equal(key, Key());
    }

    [Fact]
    public void WhatAKillLeftOfAKeyIsNoKey()
    {
        Directory.CreateDirectory(scratch.At("data"));
        File.WriteAllText(scratch.At("data", "link.key.new"), "hal");

        var made = LinkKeyFile.Open(scratch.At("data"), new SecretSource(null, _ => null));

        Assert.Equal(made.Ids, LinkKeyFile.Open(scratch.At("data"), new SecretSource(null, _ => null)).Ids);
        Assert.False(File.Exists(scratch.At("data", "link.key.new")));
    }

    [Fact]
    public void ALineBeforeTheOthersSignsAndEachIsTakenOutOfTheLog()
    {
        Directory.CreateDirectory(scratch.At("data"));
        var secrets = new SecretSource(null, _ => null);
        var old = LinkKeyFile.Open(scratch.At("data"), secrets).Ids.Single();
        File.WriteAllText(scratch.At("data", "link.key"), $"{new string('k', 40)}\n\n{Key()}\n");

        var both = LinkKeyFile.Open(scratch.At("data"), secrets).Ids;

        Assert.Equal((2, old), (both.Count, both[1]));
        Assert.Equal("secret", secrets.Redact(new string('k', 40)));
    }

    [Fact]
    public void AFileThatOthersReadIsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        Directory.CreateDirectory(scratch.At("data"));
        LinkKeyFile.Open(scratch.At("data"), new SecretSource(null, _ => null));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(scratch.At("data", "link.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        }

        Assert.Contains("link.key is open to more than its owner (GroupRead). Type: chmod 600", Assert.Throws<SecretException>(() =>
            LinkKeyFile.Open(scratch.At("data"), new SecretSource(null, _ => null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyOfTheSettingsTakesTheFilesPlaceAndIsSaidByItsIdAlone()
    {
        const string Canary = "a-canary-of-forty-letters-that-sings-not";
        await using var host = HostProcess.Start(HostProcess.Args(scratch.At("data"), HostProcess.FreePort(), "--link-key", "secret:link"), new Dictionary<string, string> { ["HOLDFAST_SECRET_LINK"] = Canary });
        await host.ReadyAsync();

        Assert.Matches(Said(), await host.SaysAsync("Link keys: "));
        Assert.DoesNotContain(Canary, await host.SaysAsync("Ready at"), StringComparison.Ordinal);
        Assert.False(File.Exists(scratch.At("data", "link.key")));
    }

    [Fact]
    public async Task AHostWhoseKeyIsRevokedStartsOnceItHasAnother()
    {
        await using (var host = HostProcess.Scripted(scratch.At("data"), out _))
        {
            var key = Said().Match(await host.SaysAsync("The first signs.")).Groups["key"].Value;
            await host.ReadyAsync();
            await using var revoke = HostProcess.Start(["links", "revoke-key", key, "--data", scratch.At("data")]);
            Assert.StartsWith($"Link key {key} is revoked.", (await revoke.EndAsync()).Errors, StringComparison.Ordinal);
        }

        await using (var refused = HostProcess.Scripted(scratch.At("data"), out _))
        {
            var (code, _, errors) = await refused.EndAsync();
            Assert.Equal(2, code);
            Assert.Matches("link.key: Link key [0-9a-f]{8}, which would sign, is revoked. Put a new one before it", errors);
        }

        File.WriteAllText(scratch.At("data", "link.key"), $"{new string('k', 40)}\n{Key()}\n");
        await using var again = HostProcess.Scripted(scratch.At("data"), out _);
        await again.ReadyAsync();
    }

    private string Key() => File.ReadAllText(scratch.At("data", "link.key")).Trim().Split('\n')[0];

    [GeneratedRegex(@"Link keys: (?<key>[0-9a-f]{8})\. The first signs\.")]
    private static partial Regex Said();
}

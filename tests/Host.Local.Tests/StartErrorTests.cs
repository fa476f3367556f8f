using System.Net;
using System.Net.Sockets;

namespace Holdfast.Host.Local.Tests;

public sealed class StartErrorTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("'--prot' is not an option.", "--prot", "7071")]
    [InlineData("'-p' is not an option.", "-p", "7071")]
    [InlineData("'serve' is no command.", "serve")]
    [InlineData("'keys ad' is no command.", "keys", "ad")]
    [InlineData("--name is missing. Type: keys add --name NAME", "keys", "add")]
    [InlineData("--nam is unknown, has no value, or is given twice.", "keys", "add", "--nam", "x")]
    [InlineData("0 words without an option are given, 1 are taken. Type: keys revoke PREFIX", "keys", "revoke")]
    [InlineData("--data has no value.", "--data")]
    [InlineData("--data has no value.", "--data", "--port", "7071")]
    [InlineData("--port is given twice.", "--port", "1", "--port=2")]
    [InlineData("--port (HOLDFAST_PORT) '70000' is not a number from 1 to 65535.", "--port", "70000")]
    [InlineData("--port (HOLDFAST_PORT) '0' is not a number from 1 to 65535.", "--port=0")]
    [InlineData("--port (HOLDFAST_PORT) 'http' is not a number from 1 to 65535.", "--port", "http")]
    [InlineData("--log (HOLDFAST_LOG) 'xml' is not known. Give text or json.", "--log", "xml")]
    [InlineData("would be reached from other machines, and what they send could be read on its way.", "--host", "0.0.0.0")]
    [InlineData("would be reached from other machines, and what they send could be read on its way.", "--host", "::")]
    [InlineData("would be reached from other machines, and what they send could be read on its way.", "--host", "192.168.0.1")]
    [InlineData("--model scripted answers by rules, for trying out on this machine.", "--proxy", "10.0.0.1", "--model", "scripted")]
    [InlineData("--model scripted answers by rules, for trying out on this machine.", "--host", "0.0.0.0", "--certificate", "x.pem", "--model", "scripted")]
    [InlineData("--proxy (HOLDFAST_PROXY) '10.0.0.1/33' is no list of addresses.", "--proxy", "10.0.0.1/33")]
    [InlineData("--proxy (HOLDFAST_PROXY) 'nginx' is no list of addresses.", "--proxy", "nginx")]
    [InlineData("--rate (HOLDFAST_RATE) '0' is not a number from 1 to 100000.", "--rate", "0")]
    [InlineData("--certificate-key is given without --certificate.", "--certificate-key", "x.pem")]
    [InlineData("nowhere.pem cannot be used: Could not find file", "--certificate", "nowhere.pem")]
    [InlineData("--link-key has a key, and a process's options are seen by everyone on its machine.", "--link-key", "secret:one,0123456789-0123456789-0123456789")]
    [InlineData("--link-key (HOLDFAST_LINK_KEY): There is no secret 'nowhere'.", "--link-key", "secret:nowhere", "--model", "scripted")]
    [InlineData("--person is missing. Type: links list --person ID --tenant TENANT", "links", "list")]
    [InlineData("'links' is no command.", "links")]
    [InlineData("'example.com' is not an address. Give 127.0.0.1", "--host", "example.com")]
    public async Task AWrongOptionIsAConfigurationErrorThatSaysWhatToGive(string words, params string[] args) => await RefusedAsync(2, words, args);

    [Fact]
    public async Task ASlipInACommandMakesNoDirectory()
    {
        await RefusedAsync(2, "--nam is unknown", "keys", "add", "--nam", "x", "--data", scratch.At("data"));

        Assert.False(Directory.Exists(scratch.At("data")));
    }

    [Fact]
    public async Task AKeyThatIsAskedForWronglyIsAConfigurationError() => await RefusedAsync(2, "--expires: '90' has no unit",
        "keys", "add", "--name", "x", "--tenant", "t", "--roles", "read", "--expires", "90", "--data", scratch.At("data"));

    [Fact]
    public async Task HelpListsTheOptionsAndSucceeds()
    {
        await using var host = HostProcess.Start(["--port", "7071", "--help"]);

        var (code, output, errors) = await host.EndAsync();

        Assert.Equal((0, ""), (code, errors));
        Assert.All(new[] { "--port", "--host", "--data", "--model", "--agents", "--log", "--certificate-key", "--proxy", "HOLDFAST_PORT", "appsettings.json", "keys add" }, name => Assert.Contains(name, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutAModelTheWaysToConfigureOneAreListed()
    {
        var errors = await RefusedAsync(2, "No model is configured. Choose one:", "--data", scratch.At("data"));

        Assert.All(new[] { "--model scripted", "OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "appsettings.json" }, way => Assert.Contains(way, errors, StringComparison.Ordinal));
        Assert.False(Directory.Exists(scratch.At("data")));
    }

    [Fact]
    public async Task AModelThatOnlyHasANameIsNotEnough() => await RefusedAsync(2, "--model gpt-5.4 needs to be told where that model is.", "--model", "gpt-5.4");

    [Fact]
    public async Task AWrongAgentFileIsNamedWithItsLine()
    {
        var agents = scratch.WriteAgent("name: clerk\ninstructions: instructions.md\ntoolz: []\n");

        await RefusedAsync(2, $"{Path.Combine(agents, "clerk", "agent.yaml")}(3): ", Options("--agents", agents));
    }

    [Fact]
    public async Task AToolWithAnEffectAndNoRuleIsRefused()
    {
        var agents = scratch.WriteAgent("name: clerk\ninstructions: instructions.md\ntools: [issue_refund]\n");

        await RefusedAsync(2, "issue_refund", Options("--agents", agents));
    }

    [Fact]
    public async Task AnAgentWhoseToolIsNotRegisteredIsRefused()
    {
        var agents = scratch.WriteAgent("name: clerk\ninstructions: instructions.md\ntools: [fly]\n");

        await RefusedAsync(2, "fly", Options("--agents", agents));
    }

    [Fact]
    public async Task AnAgentWhoseModelIsNotConfiguredIsRefusedBeforeItsFirstRun()
    {
        var agents = scratch.WriteAgent("name: clerk\nmodel: large\ninstructions: instructions.md\n");
        await using var host = HostProcess.Start(
            ["--data", scratch.At("data"), "--agents", agents], new Dictionary<string, string> { ["OPENAI_API_KEY"] = "sk-1" });

        var (code, _, errors) = await host.EndAsync();

        Assert.Equal(2, code);
        Assert.Contains("Agent 'clerk' names the model 'large', which is not configured. Configured: default.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AScriptedHostRefusesAnAgentWithoutRules()
    {
        var agents = scratch.WriteAgent("name: clerk\ninstructions: instructions.md\n", script: null);

        await RefusedAsync(2, "script.yaml", Options("--agents", agents));
    }

    [Fact]
    public async Task AFolderOfAgentsThatIsMissingOrEmptyIsRefused()
    {
        Directory.CreateDirectory(scratch.At("none"));

        await RefusedAsync(2, "There is no agent in ", Options("--agents", scratch.At("none")));
        await RefusedAsync(2, "No such folder.", Options("--agents", scratch.At("nowhere")));
    }

    [Fact]
    public async Task APortThatIsTakenIsNamedWithTheRemedy()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        await RefusedAsync(1, $"Port {port} on 127.0.0.1 is taken by another program. Stop that one, or give another with --port.", HostProcess.Args(scratch.At("data"), port));
    }

    [Fact]
    public async Task ADataDirectoryThatCannotBeWrittenIsNamedWithTheRemedy()
    {
        File.WriteAllText(scratch.At("file"), "");

        await RefusedAsync(1, $"Data directory {scratch.At("file", "data")} cannot be written", HostProcess.Args(scratch.At("file", "data"), HostProcess.FreePort()));
    }

    [Fact]
    public async Task ASomethingInThePlaceOfTheSocketIsNamedWithTheRemedy()
    {
        Directory.CreateDirectory(scratch.At("data", "control.sock"));

        await RefusedAsync(1, $"Commands cannot be taken at {scratch.At("data", "control.sock")}: ", Options());
    }

    [Fact]
    public async Task ADataDirectoryOfAnotherProcessIsRefusedWithItsId()
    {
        await using var owner = HostProcess.Scripted(scratch.At("data"), out _);
        await owner.ReadyAsync();

        await RefusedAsync(1, $"process {owner.Id} on ", Options());
    }

    [Theory]
    [InlineData("engine.db")]
    [InlineData("agents.db")]
    public async Task ADamagedDatabaseIsNamedAndLeftUntouched(string file)
    {
        await using (var host = HostProcess.Scripted(scratch.At("data"), out _))
        {
            await host.ReadyAsync();
            host.Signal("TERM");
            await host.EndAsync();
        }

        var garbage = new byte[20_000];
        new Random(1).NextBytes(garbage);
        File.WriteAllBytes(scratch.At("data", file), garbage);

        await RefusedAsync(1, $"Database {scratch.At("data", file)} is damaged", Options());

        Assert.Equal(garbage, File.ReadAllBytes(scratch.At("data", file)));
    }

    [Fact]
    public async Task ACrashPointThatDoesNotExistIsRefused()
    {
        await using var host = HostProcess.Start(Options(), new Dictionary<string, string> { ["HOLDFAST_CRASH_AT"] = "agents.nowhere:1" });

        var (code, _, errors) = await host.EndAsync();

        Assert.Equal(2, code);
        Assert.Contains("agents.run-accepted", errors, StringComparison.Ordinal);
    }

    private string[] Options(params string[] more) => HostProcess.Args(scratch.At("data"), HostProcess.FreePort(), more);

    /// <summary>One sentence on the standard error, no stack trace, and the exit code.</summary>
    private static async Task<string> RefusedAsync(int code, string words, params string[] args)
    {
        await using var host = HostProcess.Start(args);

        var end = await host.EndAsync();

        Assert.True(end.Code == code, $"Exit code {end.Code}: {end.Errors}");
        Assert.Contains(words, end.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", end.Errors + end.Output, StringComparison.Ordinal);
        return end.Errors;
    }
}

using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Host.Local.Tests;

public sealed partial class CommandTests : IDisposable
{
    private static readonly HttpClient Http = new();

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task AKeyIsAddedBeforeTheFirstStartAndIsGoodAfterIt()
    {
        var key = await AddAsync("ci", "--expires", "never");
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();

        Assert.Matches(Key(), key);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(port, key));
        Assert.Matches($"{Prefix(key)} +ci +acme +submit,read .* never .* good", (await RunAsync("keys", "list")).Output);
    }

    [Fact]
    public async Task WhileTheHostRunsItRunsTheCommand()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();

        var old = await AddAsync("ci");
        var heir = (await RunAsync("keys", "rotate", Prefix(old), "--overlap", "0s")).Output.Trim();

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await StatusAsync(port, old), await StatusAsync(port, heir)));
        Assert.Contains($"Key {Prefix(heir)} is revoked. Every host refuses it within 5 seconds.", (await RunAsync("keys", "revoke", Prefix(heir))).Errors, StringComparison.Ordinal);
        await Durable.Testing.Patience.UntilAsync(async () => await StatusAsync(port, heir) == HttpStatusCode.Unauthorized);
        Assert.Equal((1, ""), Ends(await RunAsync("keys", "revoke", "nowhere1")));
    }

    [Fact]
    public async Task OnlyTheHostsOwnUserMayOpenItsSocket()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        await using var host = HostProcess.Scripted(scratch.At("data"), out _);
        await host.ReadyAsync();

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(scratch.At("data", "control.sock")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(scratch.At("data")));
        }
    }

    [Theory]
    [InlineData("data")]
    [InlineData("a-directory-that-lies-so-deep-that-the-path-of-a-socket-in-it-is-longer-than-the-system-has-room-for/data")]
    public async Task ASocketThatAKilledHostLeftIsReplacedAndAStoppedHostLeavesNone(string data)
    {
        await using (var killed = HostProcess.Scripted(scratch.At(data), out _))
        {
            await killed.ReadyAsync();
            killed.Signal("KILL");
            await killed.EndAsync();
        }

        Assert.NotEmpty(Directory.GetFiles(scratch.At(data), "control.*"));
        Assert.Equal(0, (await RunAsync(data, "keys", "list")).Code);
        await using var host = HostProcess.Scripted(scratch.At(data), out _);
        await host.ReadyAsync();
        Assert.Equal(0, (await RunAsync(data, "keys", "add", "--name", "ci", "--tenant", "acme", "--roles", "read")).Code);
        host.Signal("TERM");
        await host.EndAsync();
        Assert.Empty(Directory.GetFiles(scratch.At(data), "control.*"));
    }

    [Fact]
    public async Task AHostThatDoesNotAnswerIsSaidSo()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out _);
        await host.ReadyAsync();
        File.Delete(scratch.At("data", "control.sock"));

        var (code, _, errors) = await RunAsync("keys", "list");

        Assert.Equal(1, code);
        Assert.Contains($"process {host.Id} on ", errors, StringComparison.Ordinal);
        Assert.Contains("It does not answer commands", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEngineThatIsServedIsRetiredByForceAloneAndItsHostEnds()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out _);
        await host.ReadyAsync();

        var engine = EngineRow().Match((await RunAsync("engines", "list")).Output);
        Assert.Equal((scratch.At("data"), "0", "in force"), (engine.Groups["location"].Value, engine.Groups["runs"].Value, engine.Groups["state"].Value));
        var refused = await RunAsync("engines", "retire", engine.Groups["id"].Value);
        Assert.Equal((1, ""), Ends(refused));
        Assert.Contains("so a process serves it. Stop its host", refused.Errors, StringComparison.Ordinal);
        var unsure = await RunAsync("engines", "retire", engine.Groups["id"].Value, "--force", "no");
        Assert.Equal((2, ""), Ends(unsure));
        Assert.Contains("--force takes yes and nothing else; it is 'no'. Type: engines retire ID [--force yes]", unsure.Errors, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("engines", "retire", engine.Groups["id"].Value, "--force", "yes")).Code);
        Assert.Equal(1, (await host.EndAsync()).Code);
        Assert.StartsWith("retired ", EngineRow().Match((await RunAsync("engines", "list")).Output).Groups["state"].Value, StringComparison.Ordinal);
        await using var again = HostProcess.Scripted(scratch.At("data"), out _);
        var end = await again.EndAsync();
        Assert.Equal(1, end.Code);
        Assert.Contains("was retired at", end.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("engines retire", "0 words without an option are given, 1 are taken. Type: engines retire ID [--force yes]")]
    [InlineData("engines mend", "'engines mend' is no command.")]
    [InlineData("keys list", "There is no agent store in ")]
    public async Task AWrongCommandSaysWhatToType(string line, string said)
    {
        var (code, output, errors) = await RunAsync(line.Split(' '));

        Assert.NotEqual(0, code);
        Assert.Empty(output);
        Assert.Contains(said, errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch.At("data")));
    }

    [Fact]
    public async Task WhereNoEngineHasServedTheStoreThatIsSaid()
    {
        await AddAsync("ci");
        Assert.Contains("There is no engine 'nowhere'. None has served this store yet.", (await RunAsync("engines", "retire", "nowhere")).Errors, StringComparison.Ordinal);
        var (code, output, errors) = await RunAsync("engines", "list");
        Assert.Equal((0, "", "No engine has served this store yet."), (code, output, errors.Trim()));
    }

    [Fact]
    public async Task WhyARunOfARetiredEngineCouldNotBeEndedIsInTheLog()
    {
        await AddAsync("ci");
        using (var store = SqliteDialect.Open(scratch.At("data", "agents.db"), TimeProvider.System, NullLogger.Instance))
        {
            await store.WriteAsync(tx => tx.ExecuteAsync("""
                INSERT INTO engines (id, location, epoch, holder, heartbeat) VALUES ('gone', 'there', 1, '', 0);
                INSERT INTO runs (id, tenant, agent, version, model, input, requested_by, created_by, created_at, engine, generation, status, ending)
                VALUES ('run_1', 'acme', 'desk', 'none', 'm', 'Do it.', 'anna', 'anna', 0, 'gone', 1, 'running', '{')
                """), refusable: false);
        }

        var (code, _, errors) = await RunAsync("engines", "retire", "gone");

        Assert.Equal(1, code);
        Assert.Contains("1 could not be ended yet", errors, StringComparison.Ordinal);
        Assert.Contains("Run run_1 of the retired engine gone could not be ended", errors, StringComparison.Ordinal);
        Assert.Contains("JsonException", errors, StringComparison.Ordinal);
    }

    private async Task<string> AddAsync(string name, params string[] more) =>
        (await RunAsync(["keys", "add", "--name", name, "--tenant", "acme", "--roles", "submit,read", .. more])).Output.Trim();

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] words)
    {
        var data = words[0] is "keys" or "engines" ? "data" : words[0];
        await using var command = HostProcess.Start([.. words.SkipWhile(word => word is not ("keys" or "engines")), "--data", scratch.At(data)]);
        return await command.EndAsync();
    }

    private static (int, string) Ends((int Code, string Output, string Errors) end) => (end.Code, end.Output);

    private static string Prefix(string key) => key.Split('_')[1];

    private static async Task<HttpStatusCode> StatusAsync(int port, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/api/runs");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var reply = await Http.SendAsync(request);
        return reply.StatusCode;
    }

    [GeneratedRegex("^hf_[0-9a-z]{8}_[0-9a-z]{58}$")]
    private static partial Regex Key();

    [GeneratedRegex("^(?<id>[^ ]+) +held +(?<location>[^ ]+) +[^ ]+ +[^ ]+ +(?<runs>[0-9]+) +(?<state>.+)$", RegexOptions.Multiline)]
    private static partial Regex EngineRow();
}

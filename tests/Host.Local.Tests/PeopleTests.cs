namespace Holdfast.Host.Local.Tests;

/// <summary>People, policies, channels and the address: what does not fit together ends the start, before anybody could wait for nobody.</summary>
public sealed class PeopleTests : IDisposable
{
    private const string People = "people:\n  - {id: mona, name: Mona, email: mona@example.test, roles: [approve, manager]}\n";

    private static readonly Dictionary<string, string> Nothing = [];

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("approvals:\n  - tool: issue_refund\n    stages:\n      - {by: ['role:manager'], of: 3}\n", "refunds.yaml(4): approvals[0].stages[0]: a quorum of 3 from 1 person: mona.")]
    [InlineData("approvals:\n  - tool: issue_refund\n    stages: [{by: ['user:moan']}]\n", "refunds.yaml(3): approvals[0].stages[0].by[0]: 'user:moan' means nobody in people.yaml.")]
    [InlineData("approvals:\n  - tool: issue_refund\n    stages: [{by: ['role:finance']}]\n", "'role:finance' means nobody in people.yaml.")]
    [InlineData("approvals:\n  - tool: issue_refunds\n    stages: [{by: ['role:manager']}]\n", "refunds.yaml(2): approvals[0]")]
    [InlineData("approvals:\n  - tool: issue_refund\n    reminders: [2d]\n    expires: 1d\n", "refunds.yaml(3): approvals[0].reminders[0]: 2d is not before the approval expires")]
    [InlineData("approvals:\n  - tool: issue_refund\n    channels: [email]\n", "refunds.yaml(3): approvals[0].channels[0]: this host has no channel 'email'. Configured: console.")]
    [InlineData("approvals:\n  - tool: issue_refund\n    none: true\n", "refunds.yaml(3): approvals[0].none: a policy can only ask for more")]
    public async Task APolicyThatCannotBeMetEndsTheStartWithFileAndLine(string policy, string words)
    {
        Write("people.yaml", People);
        Write(Path.Combine("policies", "refunds.yaml"), policy);
        await RefusedAsync(words, Nothing, "--people", scratch.At("people.yaml"), "--policies", scratch.At("policies"));
    }

    [Fact]
    public async Task PeopleWhoAreNamedHaveToBeThere()
    {
        await RefusedAsync($"{scratch.At("nowhere.yaml")}", Nothing, "--people", scratch.At("nowhere.yaml"));
        await RefusedAsync($"{scratch.At("nowhere")}(1): No such folder.", Nothing, "--policies", scratch.At("nowhere"));
        Write("people.yaml", $"{People}  - {{id: ben, name: Ben, email: mona@example.test}}\n");
        await RefusedAsync("people.yaml(3): people[1].email: mona@example.test is the address of 'mona' too.", Nothing, "--people", scratch.At("people.yaml"));
    }

    [Fact]
    public async Task PeopleWhomNoChannelReachesEndTheStart()
    {
        Write("people.yaml", People.Replace(" email: mona@example.test,", "", StringComparison.Ordinal));
        await RefusedAsync("none of those who may decide can be reached by email: mona.", Mail(), "--people", scratch.At("people.yaml"));
    }

    [Theory]
    [InlineData("HOLDFAST_CHANNELS__EMAIL__PORT", "no", "channels:email:port 'no' is not a number from 1 to 65535.")]
    [InlineData("HOLDFAST_CHANNELS__EMAIL__TLS", "none", "channels:email:tls is none, and smtp.example.test is another machine.")]
    [InlineData("HOLDFAST_CHANNELS__EMAIL__PASSWORD", "secret:nowhere", "There is no secret 'nowhere'.")]
    [InlineData("HOLDFAST_CHANNELS__SMS__NUMBER", "1", "channels:SMS is not known.")]
    [InlineData("HOLDFAST_CHANNELS", "console", "channels (HOLDFAST_CHANNELS) has no parts.")]
    public async Task AChannelThatIsSetWronglyEndsTheStartAndIsNamed(string name, string value, string words) => await RefusedAsync(words, new(Mail()) { [name] = value, ["HOLDFAST_CHANNELS__EMAIL__USER"] = "desk" });

    [Fact]
    public async Task FromOtherMachinesNobodyIsToldWithoutAnAddressThatTheyReach()
    {
        Dictionary<string, string> variables = new(Mail()) { ["OPENAI_API_KEY"] = "sk-1" };
        await using var host = HostProcess.Start(["--proxy", "10.0.0.7", "--data", scratch.At("data")], variables);
        var (code, _, errors) = await host.EndAsync();
        Assert.Equal(2, code);
        Assert.Contains("People are told by email, and nothing says at which address they reach this host. Give it: --url https://desk.example.com (HOLDFAST_URL).", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("console")]
    [InlineData("", "--proxy", "10.0.0.7")]
    [InlineData("", "--host", "192.0.2.1")]
    public void TheTerminalIsAChannelByItselfOnlyWhereThisMachineAloneReachesTheHost(string channels, params string[] args) =>
        Assert.Equal(channels, string.Join(' ', ConfiguredChannels.Read(Settings(Nothing, args)).Select(channel => channel.Name)));

    [Theory]
    [InlineData("email")]
    [InlineData("email console", "HOLDFAST_CHANNELS__CONSOLE", "true")]
    public void BesideAnotherChannelTheTerminalHasToBeNamed(string channels, params string[] variable) =>
        Assert.Equal(channels, string.Join(' ', ConfiguredChannels.Read(Settings(new(Mail().Concat(variable.Chunk(2).Select(one => KeyValuePair.Create(one[0], one[1])))))).Select(channel => channel.Name)));

    [Fact]
    public void TheTerminalCanBeTurnedOff() => Assert.Empty(ConfiguredChannels.Read(Settings(new() { ["HOLDFAST_CHANNELS__CONSOLE"] = "false" })));

    [Theory]
    [InlineData("http://127.0.0.1:7071/")]
    [InlineData("http://[::1]:7072/", "--host", "::1", "--port", "7072")]
    [InlineData("http://localhost:8080/", "--url", "http://localhost:8080")]
    [InlineData("https://desk.example.com/", "--url", "https://desk.example.com", "--proxy", "10.0.0.7")]
    public void LinksLeadWhereItListensOrWhereTheUrlSays(string address, params string[] args) => Assert.Equal(address, Reach.Of(Settings(Nothing, args)).Address.AbsoluteUri);

    [Theory]
    [InlineData("--url (HOLDFAST_URL) is no address of scheme, name and port alone.", "--url", "desk.example.com")]
    [InlineData("--url (HOLDFAST_URL) is no address of scheme, name and port alone.", "--url", "https://desk.example.com/desk")]
    [InlineData("--url (HOLDFAST_URL) is no address of scheme, name and port alone.", "--url", "https://me:pw@desk.example.com")]
    [InlineData("--url (HOLDFAST_URL) http://desk.example.com/ is plain HTTP", "--url", "http://desk.example.com", "--proxy", "10.0.0.7")]
    [InlineData("--url (HOLDFAST_URL) http://localhost/ is plain HTTP", "--url", "http://localhost", "--proxy", "10.0.0.7")]
    [InlineData("--url (HOLDFAST_URL) https://desk.example.com/ is another machine's name", "--url", "https://desk.example.com")]
    public void AnAddressWhoseLinksOthersCouldReadOrNobodyCouldOpenIsRefused(string words, params string[] args)
    {
        var refused = Assert.Throws<StartException>(() => Reach.Of(Settings(Nothing, args)));
        Assert.Equal(2, refused.ExitCode);
        Assert.StartsWith(words, refused.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Mail() => new() { ["HOLDFAST_CHANNELS__EMAIL__SERVER"] = "smtp.example.test", ["HOLDFAST_CHANNELS__EMAIL__FROM"] = "desk@example.test" };

    private HostSettings Settings(Dictionary<string, string> variables, params string[] args) => HostSettings.Read(args, variables, scratch.At("none.json"));

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(scratch.At(file))!);
        File.WriteAllText(scratch.At(file), text);
    }

    private async Task RefusedAsync(string words, Dictionary<string, string> variables, params string[] more)
    {
        await using var host = HostProcess.Start(HostProcess.Args(scratch.At("data"), HostProcess.FreePort(), more), variables);
        var (code, output, errors) = await host.EndAsync();
        Assert.Equal(2, code);
        Assert.Contains(words, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Ready at", output, StringComparison.Ordinal);
    }
}

using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Testing;

namespace Holdfast.Agents.Http.Tests.Pages;

/// <summary>A host that knows its people and tells them by mail, which is kept here.</summary>
public class PostServer : ApiServer
{
    public const string KeyText = "a key of the tests, which is long enough";

    public FakeChannel Mail { get; } = new("email");

    public static LinkKeys Keys1 { get; } = LinkKeys.Of("the tests", [new Secret(null, KeyText)]);

    public override People People { get; } = new(
    [
        new("acme", "mia", "Mia Manager") { Roles = ["manager"], Email = "mia@acme.example", Language = "de-DE", TimeZone = "Europe/Berlin" },
        new("acme", "max", "Max Manager") { Roles = ["manager"], Email = "max@acme.example" },
        new("acme", "anna", "Anna Asks") { Roles = ["manager"], Email = "anna@acme.example" },
    ]);

    public override AgentOptions Options => new() { Channels = [Mail], LinkKeys = Keys1, Address = new Uri("http://holdfast.test/") };

    /// <summary>A run that waits, and the message of one who is asked.</summary>
    public async Task<(string Run, string Approval, Message Mail)> AskAsync(string agent = "payout", string person = "mia")
    {
        var (run, approval) = await Anna.AskAsync(agent);
        await SettleAsync();
        return (run, approval, Mail.Sent.Last(message => message.Items.Any(item => item.Approval == approval) && message.To.Any(to => to.Id == person)));
    }

    /// <summary>A browser that has nothing yet.</summary>
    public Browser Browse() => new(Address);
}

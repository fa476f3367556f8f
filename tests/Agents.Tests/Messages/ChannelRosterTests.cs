using Holdfast.Agents.Definitions;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Approvals;
using Xunit;

namespace Holdfast.Agents.Tests.Messages;

public sealed class ChannelRosterTests
{
    private static readonly ApprovalAsk Mia = new() { Stages = [new(["user:mia"])], Expires = TimeSpan.FromDays(3) };

    [Fact]
    public async Task AChannelFailsUntilItHasTakenAMessageAgain()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("Down.") };
        var (desk, _, _, _) = await Staff.AskedAsync(Mia, channels: mail);
        await using var owned = desk;
        Assert.Equal(["email"], await desk.System.Channels.FailingAsync());

        mail.Before = _ => Task.CompletedTask;
        await desk.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Single(mail.Sent);
        Assert.Empty(await desk.System.Channels.FailingAsync());
    }

    [Fact]
    public async Task OnlyTheChannelThatFailedIsNamedAndNoneThatThisHostHasNot()
    {
        var mail = new FakeChannel("email") { Before = _ => throw new ChannelException("No such mailbox.", isFinal: true) };
        var (desk, _, _, _) = await Staff.AskedAsync(Mia, channels: [mail, new FakeChannel("console")]);
        await using var owned = desk;
        await desk.TamperAsync("INSERT INTO channels (name, failed_at) VALUES ('teams', 1)");
        Assert.Equal(["email"], await desk.System.Channels.FailingAsync());
    }
}

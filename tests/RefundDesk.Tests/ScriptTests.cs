using Holdfast.Agents.Tools;
using RefundDesk;

namespace Holdfast.RefundDesk.Tests;

public sealed class ScriptTests : IDisposable
{
    private readonly ShopFolder folder = new();
    private readonly Toolbox tools;

    public ScriptTests() => tools = Toolbox.From(new ShopTools(folder.Shop));

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("Please refund order A-1001, it arrived broken.", "A-1001 40.00")]
    [InlineData("Please refund order A-1002, it arrived broken.", "A-1002 400.00")]
    [InlineData("Please refund order A-1003, it arrived broken.", "A-1003 1200.00")]
    [InlineData("A-1001 arrived broken", "A-1001 40.00")]
    [InlineData("Order a-1002 is damaged. I want my money back!", "A-1002 400.00")]
    public async Task ARefundIsLookedUpIssuedAndTold(string input, string refund)
    {
        var (calls, words) = await Desk.TalkAsync(tools, input);
        Assert.Equal(("lookup_order issue_refund send_reply", "[scripted] The customer has been told."), (calls, words));
        Assert.Equal([refund], folder.Rows("SELECT order_id, amount FROM refunds"));
        var told = Assert.Single(folder.Rows("SELECT text FROM replies"));
        Assert.Equal($"We have refunded {refund.Split(' ')[1]} for order {refund.Split(' ')[0]}.", told);
    }

    [Fact]
    public async Task ARejectionIsToldPolitely()
    {
        var (calls, words) = await Desk.TalkAsync(tools, "Please refund order A-1002, it arrived broken.", rejects: "issue_refund");
        Assert.Equal(("lookup_order issue_refund send_reply", "[scripted] The customer has been told."), (calls, words));
        Assert.Empty(folder.Rows("SELECT order_id FROM refunds"));
        Assert.StartsWith("We are sorry: your refund for order A-1002", Assert.Single(folder.Rows("SELECT text FROM replies")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Where is order A-1001?")]
    [InlineData("Has order A-1001 been refunded?")]
    public async Task AQuestionIsAnsweredFromTheOrder(string input) => Assert.Equal(
        ("lookup_order", "[scripted] Order A-1001 (Desk lamp) is delivered, since 2026-02-28."), await Desk.TalkAsync(tools, input));

    [Fact]
    public async Task AnUnknownOrderIsAskedAbout() => Assert.Equal(
        ("lookup_order", "[scripted] I cannot find that order. Could you check its id?"), await Desk.TalkAsync(tools, "Please refund order A-9999."));

    [Theory]
    [InlineData("hello", "[scripted] Hello! Which order is it about?")]
    [InlineData("Hello", "[scripted] Hello! Which order is it about?")]
    [InlineData("What can you do?", "[scripted] Please tell me the order's id, as in: Please refund order A-1001, it arrived broken.")]
    public async Task AGreetingTakesOneTurnAndNoTool(string input, string words) => Assert.Equal(("", words), await Desk.TalkAsync(tools, input));
}

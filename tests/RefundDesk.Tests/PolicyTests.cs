using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Tools;
using Holdfast.Providers.Messaging;
using RefundDesk;

namespace Holdfast.RefundDesk.Tests;

/// <summary>The example's rules: what its agent asks by itself, and what the house asks besides.</summary>
public sealed class PolicyTests : IDisposable
{
    private readonly ShopFolder folder = new();
    private readonly Toolbox tools;
    private readonly AgentDefinition agent = AgentFolder.Load(Desk.Folder);
    private readonly Policies policies = PolicyFolder.Load(Path.Combine(AppContext.BaseDirectory, "policies"));

    public PolicyTests() => tools = Toolbox.From(new ShopTools(folder.Shop));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EverybodyWhoIsAskedIsThereAndIsReachedByTheTerminal() => PolicyCheck.Against(
        [agent], policies, PeopleFile.Load(Path.Combine(AppContext.BaseDirectory, PeopleFile.Name)), tools, [new ConsoleChannel(TextWriter.Null)]);

    [Fact]
    public void ASmallRefundNeedsNobody() => Assert.Null(Terms(100, policies));

    [Theory]
    [InlineData(100.01)]
    [InlineData(400)]
    [InlineData(1000)]
    public void AMiddlingOneNeedsOneWhoMayApproveAlsoWhoAskedForIt(decimal amount)
    {
        var terms = Terms(amount, policies)!;
        Assert.Equal(["role:approve"], terms.Stages.SelectMany(stage => stage.By));
        Assert.Equal((true, TimeSpan.FromDays(3)), (terms.RequesterMayDecide, terms.Expires));
        Assert.Empty(terms.Edit);
    }

    [Fact]
    public void ALargeOneNeedsTheManagerAndThenFinanceAndNotWhoAskedForIt()
    {
        var terms = Terms(1200, policies)!;
        Assert.Equal(["role:manager", "role:finance"], terms.Stages.SelectMany(stage => stage.By));
        Assert.Equal((false, TimeSpan.FromDays(3)), (terms.RequesterMayDecide, terms.Expires));
        Assert.Equal([TimeSpan.FromDays(1), TimeSpan.FromDays(2)], terms.Reminders);
        var escalation = Assert.Single(terms.Escalations);
        Assert.Equal(("role:director", TimeSpan.FromDays(2)), (Assert.Single(escalation.To), escalation.After));
        Assert.Equal(["amount"], terms.Edit);
    }

    [Fact]
    public void WithoutThePoliciesALargeOneIsStillHeld() => Assert.Equal(["role:approve"], Terms(1200, Policies.None)!.Stages.SelectMany(stage => stage.By));

    private ApprovalTerms? Terms(decimal amount, Policies beside)
    {
        Assert.True(tools.TryFind("issue_refund", out var tool));
        var arguments = JsonSerializer.Deserialize<JsonElement>($$"""{"amount": {{amount.ToString(CultureInfo.InvariantCulture)}}, "orderId": "A-1003"}""");
        return ApprovalPolicy.Terms(ApprovalPolicy.Asked(agent.Approvals, tool.Traits, arguments), ApprovalPolicy.AskedBeside(beside.Rules, tool.Traits, arguments));
    }
}

using System.Text.Json;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Models;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Tools;
using RefundDesk;

namespace Holdfast.RefundDesk.Tests;

public sealed class ShopToolsTests : IDisposable
{
    private readonly ShopFolder folder = new();
    private readonly Toolbox tools;

    public ShopToolsTests() => tools = Toolbox.From(new ShopTools(folder.Shop));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TheAgentAndItsToolsFitTogether()
    {
        var agent = AgentFolder.Load(Desk.Folder);
        AgentCheck.Against(agent, tools, new ModelCatalog().AddScripted(_ => new ScriptedModel(Script.Load(Desk.Folder))));
        Assert.Equal(["lookup_order", "issue_refund", "send_reply"], agent.Tools);
    }

    [Theory]
    [InlineData("lookup_order", Effect.None, Reads.Private, false)]
    [InlineData("issue_refund", Effect.External, Reads.Nothing, true)]
    [InlineData("send_reply", Effect.External, Reads.Nothing, false)]
    public void EachToolSaysWhatItDoes(string name, Effect effect, Reads reads, bool idempotent)
    {
        var tool = Tool(name);
        Assert.Equal((effect, reads, idempotent), (tool.Effect, tool.Reads, tool.Idempotent));
    }

    [Fact]
    public async Task ARefundUnderOneKeyIsOneRefundAndTwoRequests()
    {
        var first = await CallAsync("issue_refund", """{"orderId":"A-1001","amount":40}""");
        var second = await CallAsync("issue_refund", """{"orderId":"A-1001","amount":40}""");
        Assert.Equal((first.GetRawText(), "A-1001"), (second.GetRawText(), first.GetProperty("orderId").GetString()));
        Assert.Equal(["key_1 40.00"], folder.Rows("SELECT idempotency_key, amount FROM refunds"));
        Assert.Equal(["issue_refund key_1", "issue_refund key_1"], folder.Rows("SELECT tool, key FROM requests"));
    }

    [Theory]
    [InlineData("""{"orderId":"A-9999","amount":1}""", "There is no order A-9999.")]
    [InlineData("""{"orderId":"A-1001","amount":40.01}""", "A refund of 40.01 on order A-1001")]
    [InlineData("""{"orderId":"A-1001","amount":0}""", "A refund of 0 on order A-1001")]
    [InlineData("""{"orderId":"A-1001","amount":-5}""", "A refund of -5 on order A-1001")]
    [InlineData("""{"orderId":"A-1001","amount":1.005}""", "A refund of 1.005 on order A-1001")]
    public async Task WhatCannotBeRefundedIsNotDone(string arguments, string message)
    {
        var refused = await Assert.ThrowsAsync<NotDoneException>(() => CallAsync("issue_refund", arguments));
        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
        Assert.Empty(folder.Rows("SELECT order_id FROM refunds"));
    }

    [Fact]
    public async Task TheShopIgnoresTheKeyOfAReply()
    {
        await CallAsync("send_reply", """{"text":"Done."}""");
        await CallAsync("send_reply", """{"text":"Done."}""");
        Assert.Equal(["run_1 Done.", "run_1 Done."], folder.Rows("SELECT run_id, text FROM replies"));
    }

    private Tool Tool(string name) => tools.TryFind(name, out var tool) ? tool : throw new InvalidOperationException($"No tool {name}.");

    private Task<JsonElement> CallAsync(string tool, string arguments) => Tool(tool).InvokeAsync(
        JsonSerializer.Deserialize<JsonElement>(arguments), Desk.Context(1), TestContext.Current.CancellationToken);
}

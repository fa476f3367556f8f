using System.ComponentModel;
using Holdfast.Agents.Tools;

namespace RefundDesk;

/// <summary>What the agent can do in the shop.</summary>
public sealed class ShopTools(Shop shop)
{
    [Tool("lookup_order", Reads = Reads.Private), Description("Looks up an order: what it is, what it cost, where it is.")]
    public Order LookUpOrder([Description("The order's id, as A-1001.")] string orderId, ToolContext context)
    {
        shop.Note("lookup_order", context.IdempotencyKey);
        return Known(orderId);
    }

    [Tool("issue_refund", Does = Effect.External, Idempotent = true), Description("Refunds money to the card that paid for an order.")]
    public Refund IssueRefund(
        [Description("The order's id, as A-1001.")] string orderId, [Description("How much, at most the order's total.")] decimal amount, ToolContext context)
    {
        shop.Note("issue_refund", context.IdempotencyKey);
        var order = Known(orderId);
        if (amount <= 0 || amount > order.Total || amount != decimal.Round(amount, 2))
        {
            throw new NotDoneException($"A refund of {amount} on order {order.Id} is not an amount in whole cents from 0.01 to its total of {order.Total}.");
        }

        return shop.Refund(context.IdempotencyKey, context.RunId, order.Id, amount);
    }

    [Tool("send_reply", Does = Effect.External), Description("Sends the customer a reply by e-mail.")]
    public void SendReply([Description("The whole text.")] string text, ToolContext context)
    {
        shop.Note("send_reply", context.IdempotencyKey);
        shop.Reply(context.RunId, text);
    }

    private Order Known(string orderId) => shop.Find(orderId) ?? throw new NotDoneException($"There is no order {orderId}.");
}

using System.Text.Json;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>Messages as the domain gives them.</summary>
internal static class Asking
{
    public const string Token = "hft_c2lnbmVk-abc_123";

    public static readonly DateTimeOffset At = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);

    public static readonly SecretSource Secrets = new(null, _ => null);

    public static Person Kim { get; } = new("local", "kim", "Kim") { Email = "kim@shop.example", Teams = "kim@shop.example" };

    public static Person Lee { get; } = new("local", "lee", "Lee") { Email = "lee@shop.example", Teams = "lee@shop.example" };

    public static MessageItem Refund { get; } = new("apr_1", "approval", "refund-desk", "issue_refund", "Refund {amount:money EUR} for order {orderId}", Json("""{"orderId":"A-1003","amount":1200}"""))
    {
        RequestedBy = "sam",
        ExpiresAt = At.AddDays(3),
        Stage = 1,
        Stages = 2,
    };

    /// <summary>A tool without words of its own.</summary>
    public static MessageItem Reply { get; } = new("apr_2", "approval", "refund-desk", "send_reply", null, Json("""{"to":"pat@mail.example","text":"All is paid back.\nYours"}""")) { RequestedBy = "sam" };

    public static MessageItem Question { get; } = new("apr_3", "question", "refund-desk", "ask_person", null, Json("""{"question":"How many?","kind":"number"}""")) { RequestedBy = "sam" };

    public static Message Personal(params MessageItem[] items) => Of(Kim, items);

    public static Message Of(Person person, params MessageItem[] items) =>
        new("msg_7f3a", MessageKind.Request, [person], new Uri($"https://desk.shop.example/a?t={Token}"), "4711", items.Length > 0 ? items : [Refund]) { At = At };

    public static Message Shared(params MessageItem[] items) =>
        new("msg_7f3b", MessageKind.Request, [Kim, Lee], new Uri("https://desk.shop.example/approvals/apr_1"), null, items.Length > 0 ? items : [Refund]) { At = At };

    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}

using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Messages;
using Holdfast.Durable.Testing;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>A webhook's deliveries, as the published verifier of Standard Webhooks takes them.</summary>
public sealed class WebhookTests(Peers peers)
{
    private const string Old = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string New = "whsec_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";

    [Theory]
    [InlineData(New)]
    [InlineData(Old)]
    public async Task WhoHasOneOfTheKeysKnowsTheDeliveryForOurs(string secret)
    {
        await using var receiver = await Receiver.StartAsync();

        await Channel(receiver, New, Old).SendAsync(Asking.Shared(), default);

        Assert.Equal("verified", await VerifyAsync(secret, receiver.Delivery));
        Assert.Equal("No matching signature found", await VerifyAsync(secret, receiver.Delivery with { Body = receiver.Delivery.Body.Replace("1200", "1201", StringComparison.Ordinal) }));
    }

    [Fact]
    public async Task WhoHasAnotherKeyDoesNot()
    {
        await using var receiver = await Receiver.StartAsync();

        await Channel(receiver, New).SendAsync(Asking.Shared(), default);

        Assert.Equal("No matching signature found", await VerifyAsync(Old, receiver.Delivery));
    }

    [Fact]
    public async Task ADeliveryThatIsMadeAgainHasItsIdAndTheTimeOfThisAttempt()
    {
        await using var receiver = await Receiver.StartAsync();
        var time = new VirtualTime();
        var channel = Channel(receiver, time, New);

        await channel.SendAsync(Asking.Shared(), default);
        time.Advance(TimeSpan.FromDays(1));
        await channel.SendAsync(Asking.Shared(), default);

        var (first, second) = (receiver.Deliveries.First(), receiver.Deliveries.Last());
        Assert.Equal(("msg_7f3b", "msg_7f3b"), (first.Headers["webhook-id"], second.Headers["webhook-id"]));
        Assert.Equal(TimeSpan.FromDays(1).TotalSeconds, Seconds(second) - Seconds(first));
        Assert.Equal(first.Body, second.Body);
    }

    [Theory]
    [InlineData(MessageKind.Request, "approval.requested")]
    [InlineData(MessageKind.Reminder, "approval.reminded")]
    [InlineData(MessageKind.Escalation, "approval.escalated")]
    [InlineData(MessageKind.Outcome, "approval.decided")]
    public async Task EachKindHasItsType(MessageKind kind, string type)
    {
        await using var receiver = await Receiver.StartAsync();

        await Channel(receiver, New).SendAsync(Asking.Shared() with { Kind = kind }, default);

        Assert.Equal(type, receiver.Delivery.Json.GetProperty("type").GetString());
    }

    [Fact]
    public async Task ADeliveryHasAllThatATicketNeeds()
    {
        await using var receiver = await Receiver.StartAsync();

        await Channel(receiver, New).SendAsync(Asking.Shared(Asking.Refund, Asking.Question with { Outcome = "Kim answered." }), default);

        Assert.Equal("application/json", receiver.Delivery.Headers["content-type"]);
        Assert.Equal(JsonSerializer.Serialize(Asking.Json("""
            {"type":"approval.requested","timestamp":"2026-11-21T09:00:00+00:00","data":{"link":"https://desk.shop.example/approvals/apr_1","people":["kim","lee"],"items":[
              {"approval":"apr_1","kind":"approval","agent":"refund-desk","tool":"issue_refund","requestedBy":"sam","stage":{"number":1,"of":2},
               "description":"Refund 1,200.00 EUR for order “A-1003”","arguments":{"orderId":"A-1003","amount":1200},"expiresAt":"2026-11-24T09:00:00+00:00"},
              {"approval":"apr_3","kind":"question","agent":"refund-desk","tool":"ask_person","requestedBy":"sam","stage":{"number":1,"of":1},
               "arguments":{"question":"How many?","kind":"number"},"outcome":"Kim answered."}]}}
            """)), JsonSerializer.Serialize(receiver.Delivery.Json));
    }

    [Fact]
    public async Task ArgumentsThatAreTooLargeStayInTheApi()
    {
        await using var receiver = await Receiver.StartAsync();

        await Channel(receiver, New).SendAsync(Asking.Shared(Asking.Reply with { Arguments = Asking.Json($$"""{"text":"{{new string('x', 70_000)}}"}""") }), default);

        Assert.False(receiver.Delivery.Json.GetProperty("data").GetProperty("items")[0].TryGetProperty("arguments", out _));
    }

    [Theory]
    [InlineData("correct horse battery staple")]
    [InlineData("whsec_")]
    [InlineData("whsec_c2hvcnQ=")]
    [InlineData("whsec_not base64 at all, however long it is made")]
    public void AKeyThatIsNoneIsRefusedAndNotSaid(string secret)
    {
        var error = Assert.Throws<ArgumentException>(() => new WebhookSecret(Asking.Secrets.Resolve("secret", secret)));

        Assert.Contains("24 to 64", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret["whsec_".Length..] is { Length: > 0 } value ? value : "\0", error.Message, StringComparison.Ordinal);
    }

    private static WebhookChannel Channel(Receiver receiver, params string[] secrets) => Channel(receiver, TimeProvider.System, secrets);

    private static WebhookChannel Channel(Receiver receiver, TimeProvider time, params string[] secrets) =>
        new(receiver.Address, [.. secrets.Select(secret => new WebhookSecret(Asking.Secrets.Resolve("secret", secret)))], time);

    private static long Seconds(Delivery delivery) => long.Parse(delivery.Headers["webhook-timestamp"], CultureInfo.InvariantCulture);

    private async Task<string> VerifyAsync(string secret, Delivery delivery)
    {
        using var verifier = peers.Start("verify.js");
        await verifier.StandardInput.WriteAsync(JsonSerializer.Serialize(new { secret, headers = delivery.Headers, body = delivery.Body }));
        verifier.StandardInput.Close();
        return await verifier.StandardOutput.ReadToEndAsync().Patiently();
    }
}

using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Providers.Messaging.Tests;

public sealed class MessagingSettingsTests
{
    private static readonly Dictionary<string, string> Good = new()
    {
        ["channels:email:server"] = "mail.shop.example",
        ["channels:email:port"] = "2525",
        ["channels:email:from"] = "Refund desk <refunds@shop.example>",
        ["channels:email:user"] = "desk",
        ["channels:email:password"] = "secret:smtp",
        ["channels:email:tls"] = "required",
        ["channels:teams:webhook"] = "secret:teams",
        ["channels:webhook:url"] = "https://tickets.shop.example/holdfast",
        ["channels:webhook:secret"] = "secret:hook-new, secret:hook-old",
        ["channels:console"] = "true",
    };

    [Fact]
    public void TheChannelsComeInTheOrderInWhichTheyAreTried() => Assert.Equal(["email", "teams", "webhook", "console"], Read(Good).Select(channel => channel.Name));

    [Fact]
    public void VariablesSayTheSameInCapitals() =>
        Assert.Equal(["email", "teams", "webhook", "console"], Read(Good.ToDictionary(setting => setting.Key.ToUpperInvariant(), setting => setting.Value)).Select(channel => channel.Name));

    [Fact]
    public void WithoutSettingsThereAreNone() => Assert.Empty(Read([]));

    [Fact]
    public void TheConsoleCanBeOff() => Assert.Empty(Read(new() { ["channels:console"] = "false" }));

    [Theory]
    [InlineData("channels:email:server", null, "channels:email has no server. Add \"server\": ")]
    [InlineData("channels:email:from", null, "channels:email has no from. Add \"from\": ")]
    [InlineData("channels:email:from", "refunds", "channels:email:from 'refunds' is not one address")]
    [InlineData("channels:email:from", "a@shop.example, b@shop.example", "is not one address")]
    [InlineData("channels:email:from", "a@shop.example\r\nBcc: b@evil.example", "is not one address")]
    [InlineData("channels:email:from", "refunds@straße.example", "xn--")]
    [InlineData("channels:email:port", "0", "channels:email:port '0' is not a number from 1 to 65535.")]
    [InlineData("channels:email:port", "465", "has STARTTLS: 587")]
    [InlineData("channels:email:tls", "starttls", "channels:email:tls 'starttls' is not known. Give required or none.")]
    [InlineData("channels:email:tls", "none", "channels:email:tls is none, and mail.shop.example is another machine. Give required")]
    [InlineData("channels:email:user", null, "channels:email:password is set, but no user. Add \"user\".")]
    [InlineData("channels:email:password", null, "channels:email:user is set, but no password. Add \"password\", as secret:NAME.")]
    [InlineData("channels:email:sender", "x", "channels:email:sender is not known. channels:email has: server, port, from, user, password, tls.")]
    [InlineData("channels:email", "mail.shop.example", "channels:email has no parts. It has: server, ")]
    [InlineData("channels:slack:webhook", "x", "channels:slack is not known. channels has: email, teams, webhook, console.")]
    [InlineData("channels:teams:webhook", "http://flows.example/x", "channels:teams:webhook: The webhook (secret) is no https address")]
    [InlineData("channels:teams:webhook", "", "channels:teams has no webhook.")]
    [InlineData("channels:teams:channel", "refunds", "channels:teams:channel is not known. channels:teams has: webhook.")]
    [InlineData("channels:webhook:url", "tickets.shop.example", "channels:webhook:url is not an address. Write it in full, with https://.")]
    [InlineData("channels:webhook:url", "http://tickets.shop.example", "channels:webhook:url: The webhook's url is no https address")]
    [InlineData("channels:webhook:url", null, "channels:webhook has no url. Add \"url\": where to post.")]
    [InlineData("channels:webhook:secret", null, "channels:webhook has no secret. Add \"secret\": ")]
    [InlineData("channels:webhook:secret", ",", "channels:webhook:url: Nothing signs what is sent. Give a key.")]
    [InlineData("channels:webhook:secret", "secret:hook-new,secret:smtp", "channels:webhook:secret: secret:smtp is no key of Standard Webhooks. Write whsec_ and 24 to 64 random bytes")]
    [InlineData("channels:console", "yes", "channels:console 'yes' is neither true nor false.")]
    [InlineData("channels:console:colour", "true", "channels:console has parts. Give true or false.")]
    public void WhatIsWrongIsSaidWithItsNameAndTheRemedy(string setting, string? value, string part)
    {
        var settings = new Dictionary<string, string>(Good);
        // A place has a value or parts.
        foreach (var other in Good.Keys.Where(key => key.StartsWith($"{setting}:", StringComparison.Ordinal) || setting.StartsWith($"{key}:", StringComparison.Ordinal)))
        {
            settings.Remove(other);
        }

        settings.Remove(setting);
        if (value is not null)
        {
            settings.Add(setting, value);
        }

        var error = Assert.Throws<MessagingSettingsException>(() => Read(settings));

        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Asking.Token, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ASecretThatIsNotThereIsNamed() => Assert.Contains("channels:teams:webhook: There is no secret 'nothing'.",
        Assert.Throws<SecretException>(() => Read(new() { ["channels:teams:webhook"] = "secret:nothing" })).Message, StringComparison.Ordinal);

    private static IReadOnlyList<IChannel> Read(Dictionary<string, string> settings) => MessagingSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings!).Build(),
        new SecretSource(null, name => name switch
        {
            "HOLDFAST_SECRET_SMTP" => Asking.Token,
            "HOLDFAST_SECRET_TEAMS" => $"https://flows.example/x?sig={Asking.Token}",
            "HOLDFAST_SECRET_HOOK_NEW" or "HOLDFAST_SECRET_HOOK_OLD" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            _ => null,
        }), terminal: TextWriter.Null);
}

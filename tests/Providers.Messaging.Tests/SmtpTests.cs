using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Agents.Messages;
using Holdfast.Durable.Testing;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>E-mail, against a server that was not written for this client.</summary>
public sealed class SmtpTests(Peers peers)
{
    [Fact]
    public async Task AMessageArrivesEncryptedAndFromWhoSignedIn()
    {
        await using var server = await MailServer.StartAsync(peers);

        await server.Channel().SendAsync(Asking.Personal(), default);

        var auth = await server.NextAsync("auth");
        Assert.Equal((MailServer.User, true), (auth.GetProperty("user").GetString(), auth.GetProperty("secure").GetBoolean()));
        var mail = await server.NextAsync("mail");
        Assert.True(mail.GetProperty("secure").GetBoolean());
        Assert.Equal("kim@shop.example", mail.GetProperty("to")[0].GetString());
        Assert.Equal("\"Refund desk\" <refunds@shop.example>", mail.GetProperty("from").GetString());
        Assert.Contains(Asking.Token, mail.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains("4711", mail.GetProperty("html").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BothFormsArriveAsTheyWereWritten()
    {
        await using var server = await MailServer.StartAsync(peers, asksWho: false);
        var message = Asking.Personal(Asking.Refund with { Arguments = Asking.Json("""{"orderId":"Grüße . 漢字 😀 =20\n.\n.","amount":0.1}""") });

        await server.Channel(signsIn: false).SendAsync(message, default);

        var mail = await server.NextAsync("mail");
        var content = MailContent.Of(message);
        Assert.Equal(content.Subject, mail.GetProperty("subject").GetString());
        Assert.Equal(content.Text.ReplaceLineEndings("\n").Trim(), mail.GetProperty("text").GetString()!.ReplaceLineEndings("\n").Trim());
        Assert.Equal(content.Html.ReplaceLineEndings("\n").Trim(), mail.GetProperty("html").GetString()!.ReplaceLineEndings("\n").Trim());
    }

    [Fact]
    public async Task ItSaysThatNoPersonWroteItAndWhichMessageItIs()
    {
        await using var server = await MailServer.StartAsync(peers, asksWho: false);

        await server.Channel(signsIn: false).SendAsync(Asking.Personal(), default);

        var headers = Headers(await server.NextAsync("mail"));
        Assert.Contains("Auto-Submitted: auto-generated", headers);
        Assert.Contains("X-Auto-Response-Suppress: All", headers);
        Assert.Contains("Message-ID: <msg_7f3a@shop.example>", headers);
        Assert.Contains(headers, header => header.StartsWith("Content-Type: multipart/alternative;", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AMessageThatIsSentAgainAfterACutConnectionIsTheSameOne()
    {
        await using var server = await MailServer.StartAsync(peers, asksWho: false);
        var message = Asking.Of(Asking.Kim with { Email = "dropped@shop.example" });
        var channel = server.Channel(signsIn: false);

        var cut = await FailAsync(channel, message);
        await channel.SendAsync(message, default);

        Assert.False(cut.IsFinal);
        Assert.Equal(MessageId(await server.NextAsync("mail")), MessageId(await server.NextAsync("mail")));
    }

    [Theory]
    [InlineData(550, true)]
    [InlineData(553, true)]
    [InlineData(450, false)]
    [InlineData(451, false)]
    [InlineData(452, false)]
    public async Task AMailboxThatIsNotThereIsFinalAndOneThatIsBusyIsNot(int status, bool isFinal)
    {
        await using var server = await MailServer.StartAsync(peers, asksWho: false);

        var error = await FailAsync(server.Channel(signsIn: false), Asking.Of(Asking.Kim with { Email = $"refused{status}@shop.example" }));

        Assert.Equal(isFinal, error.IsFinal);
        Assert.Contains($"({status})", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerWithoutStartTlsGetsNeitherThePasswordNorTheMail()
    {
        await using var server = await MailServer.StartAsync(peers, hasTls: false);

        var error = await FailAsync(server.Channel(), Asking.Personal());

        Assert.Contains("STARTTLS", error.Message, StringComparison.Ordinal);
        Assert.Equal("", await server.EndAsync());
    }

    [Fact]
    public async Task AServerWhoseCertificateIsNotTrustedGetsNothing()
    {
        await using var server = await MailServer.StartAsync(peers, isTrusted: false);

        var error = await FailAsync(server.Channel(), Asking.Personal());

        Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
        Assert.Equal("", await server.EndAsync());
    }

    [Fact]
    public async Task AWrongPasswordIsToldAsSuchAndNotSaid()
    {
        await using var server = await MailServer.StartAsync(peers);

        var error = await FailAsync(server.Channel("wrong password"), Asking.Personal());

        Assert.Contains("sign-in", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsFinal);
    }

    [Fact]
    public async Task WhatAServerSaysAgainOfTheMailIsNotInTheError()
    {
        await using var server = await MailServer.StartAsync(peers, asksWho: false);

        var error = await FailAsync(server.Channel(signsIn: false), Asking.Of(Asking.Kim with { Email = "scanned@shop.example" }));

        Assert.Contains("554", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoFieldOfAMessageCanAddAHeaderOrARecipient()
    {
        await using var server = await MailServer.StartAsync(peers, asksWho: false);
        const string Bad = "x\r\nBcc: evil@evil.example\r\n\r\nBody\u0085\u2028<b>";
        var item = new MessageItem(Bad, Bad, Bad, Bad, "{a} {b:money c} {d:date}", Asking.Json(JsonSerializer.Serialize(new { a = Bad, b = 1, c = Bad, d = Bad }))) { RequestedBy = Bad, Outcome = Bad };
        var message = Asking.Of(Asking.Kim with { Name = Bad, Id = Bad }, item) with { Id = $"msg_1{Bad}", Link = new Uri("https://desk.shop.example/a?t=x%0D%0ABcc:y"), Code = Bad };

        await server.Channel(signsIn: false).SendAsync(message, default);

        var mail = await server.NextAsync("mail");
        Assert.Equal("kim@shop.example", Assert.Single(mail.GetProperty("to").EnumerateArray()).GetString());
        Assert.Equal(["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To", "X-Auto-Response-Suppress"],
            Headers(mail).Select(header => header.Split(':')[0]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Headers(mail), header => header.Contains("evil@", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("kim@shop.example\r\nBcc: evil@evil.example")]
    [InlineData("kim@shop.example, evil@evil.example")]
    [InlineData("kim@shop.example>\r\nDATA")]
    [InlineData("kim")]
    [InlineData("")]
    [InlineData(null)]
    public async Task WhatIsNotOneAddressIsNotReached(string? address)
    {
        var channel = new SmtpChannel(new SmtpOptions { Server = "localhost", From = new("refunds@shop.example") }, TimeProvider.System);

        Assert.False(channel.Reaches(Asking.Kim with { Email = address }));
        Assert.False(channel.Reaches(null));
        Assert.True((await FailAsync(channel, Asking.Of(Asking.Kim with { Email = address }))).IsFinal);
    }

    [Fact]
    public async Task AServerThatSaysNothingIsGivenUpAfterTwentySeconds()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var time = new VirtualTime();
        var channel = new SmtpChannel(new SmtpOptions { Server = "127.0.0.1", Port = ((IPEndPoint)silent.LocalEndpoint).Port, From = new("refunds@shop.example") }, time);

        var sent = channel.SendAsync(Asking.Personal(), default);
        using var connection = await silent.AcceptTcpClientAsync().Patiently();
        time.Advance(TimeSpan.FromSeconds(19.9));
        Assert.False(sent.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        var error = await Assert.ThrowsAsync<ChannelException>(() => sent.Patiently());
        Assert.Contains("within 20 s", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsFinal);
    }

    [Fact]
    public async Task ASendThatIsCalledOffEndsAsSuch()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var end = new CancellationTokenSource();
        var channel = new SmtpChannel(new SmtpOptions { Server = "127.0.0.1", Port = ((IPEndPoint)silent.LocalEndpoint).Port, From = new("refunds@shop.example") }, TimeProvider.System);

        var sent = channel.SendAsync(Asking.Personal(), end.Token);
        using var connection = await silent.AcceptTcpClientAsync().Patiently();
        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent.Patiently());
    }

    [Fact]
    public async Task WhereNobodyListensIsSaid()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();

        var error = await FailAsync(new SmtpChannel(new SmtpOptions { Server = "127.0.0.1", Port = port, From = new("refunds@shop.example") }, TimeProvider.System), Asking.Personal());

        Assert.Contains($"127.0.0.1:{port} could not be reached (ConnectionRefused)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingGoesUnencryptedToAnotherMachine() => Assert.Contains("TLS is off", Assert.Throws<ArgumentException>(() =>
        new SmtpChannel(new SmtpOptions { Server = "mail.shop.example", From = new("refunds@shop.example"), Tls = SmtpTls.None }, TimeProvider.System)).Message, StringComparison.Ordinal);

    private static async Task<ChannelException> FailAsync(SmtpChannel channel, Message message)
    {
        var error = await Assert.ThrowsAsync<ChannelException>(() => channel.SendAsync(message, default).Patiently());
        Assert.All([Asking.Token, "4711", MailServer.Password, "wrong password"], secret => Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal));
        return error;
    }

    private static List<string> Headers(JsonElement mail) => [.. mail.GetProperty("headers").EnumerateArray().Select(header => header.GetString()!)];

    private static string MessageId(JsonElement mail) => Headers(mail).Single(header => header.StartsWith("Message-ID:", StringComparison.Ordinal));
}

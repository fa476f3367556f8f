using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;

namespace Holdfast.Providers.Messaging;

/// <summary>E-mail, to an address that one person reads. A message that is sent again has the same Message-ID, by which mailboxes know it.</summary>
public sealed class SmtpChannel : IChannel
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SmtpOptions options;
    private readonly TimeProvider time;

    /// <exception cref="ArgumentException">Nothing encrypts what is sent to another machine, or of user and password there is only one.</exception>
    public SmtpChannel(SmtpOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options is { Tls: SmtpTls.None, IsLoopback: false })
        {
            throw new ArgumentException($"{options.Server} is another machine, and TLS is off. Require it.", nameof(options));
        }

        if (options.User is null != options.Password is null)
        {
            throw new ArgumentException("User and password go together. Give both, or neither.", nameof(options));
        }

        (this.options, this.time) = (options, time);
    }

    public string Name => ChannelNames.Email;

    public bool IsShared => false;

    public bool Reaches(Person? person) => IsAddress(person?.Email);

    public async Task SendAsync(Message message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.To is not [{ Email: { } to }] || !IsAddress(to))
        {
            throw new ChannelException($"Message {message.Id} is not for one person with an e-mail address.", isFinal: true);
        }

        using var mail = Compose(message, to);
        using var client = new SmtpClient(options.Server, options.Port)
        {
            EnableSsl = options.Tls == SmtpTls.Required,
            Credentials = options.Password is { } password ? new NetworkCredential(options.User, password.Reveal()) : null,
        };
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            await client.SendMailAsync(mail, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ChannelException($"{Place} did not take message {message.Id} within {Patience.TotalSeconds} s. Check that it is up.");
        }
        catch (Exception e) when (e is SmtpException or AuthenticationException or IOException or SocketException)
        {
            // Without the exception: a server may say again what was in the mail.
            throw Failure(message.Id, e);
        }
    }

    // What is read is what is written: of two addresses in a row the parser takes the first for the name of the second.
    private static bool IsAddress(string? text) => MailAddress.TryCreate(text, out var address) && address.Address == text;

    private string Place => $"{options.Server}:{options.Port}";

    private MailMessage Compose(Message message, string to)
    {
        var content = MailContent.Of(message);
        var mail = new MailMessage
        {
            From = options.From,
            Subject = content.Subject,
            SubjectEncoding = Encoding.UTF8,
            HeadersEncoding = Encoding.UTF8,
            Body = content.Text,
            BodyEncoding = Encoding.UTF8,
            BodyTransferEncoding = TransferEncoding.QuotedPrintable,
        };
        mail.To.Add(new MailAddress(to));
        var html = AlternateView.CreateAlternateViewFromString(content.Html, Encoding.UTF8, MediaTypeNames.Text.Html);
        html.TransferEncoding = TransferEncoding.QuotedPrintable;
        mail.AlternateViews.Add(html);
        mail.Headers.Add("Message-ID", $"<{string.Concat(message.Id.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-'))}@{options.From.Host}>");
        mail.Headers.Add("Auto-Submitted", "auto-generated"); // RFC 3834: nothing answers it by itself
        mail.Headers.Add("X-Auto-Response-Suppress", "All"); // and the same for Exchange
        return mail;
    }

    private ChannelException Failure(string id, Exception e)
    {
        var status = e is SmtpException smtp ? (int)smtp.StatusCode : -1;
        var cause = e.GetBaseException();
        return e switch
        {
            SmtpFailedRecipientException when status is >= 500 and < 600 => new($"{Place} has no such mailbox for message {id}, or refuses it ({status}). Mend the person's address.", isFinal: true),
            SmtpFailedRecipientException => new($"{Place} does not take mail for the person of message {id} now ({status}). Look into its log."),
            _ when cause is AuthenticationException => new($"{Place} has no certificate that this machine trusts for that name. Mend the certificate, or have its issuer trusted here."),
            _ when cause is SocketException socket => new($"{Place} could not be reached ({socket.SocketErrorCode}). Check the server's name and port."),
            _ when status is 530 or 535 or 538 => new($"{Place} does not take the sign-in ({status}). Check the user and the password."),
            _ when status > 0 => new($"{Place} refused message {id} ({status}). Look into its log for what it holds against it."),
            _ when cause is IOException => new($"{Place} ended the connection before it took message {id}. Look into its log."),
            _ => new($"{Place} did not take message {id}. It has to offer STARTTLS and, where a user is set, AUTH LOGIN."),
        };
    }
}

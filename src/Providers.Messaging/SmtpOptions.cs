using System.Net;
using System.Net.Mail;
using Holdfast.Agents.Secrets;

namespace Holdfast.Providers.Messaging;

/// <summary>The server that takes e-mail.</summary>
public sealed record SmtpOptions
{
    /// <summary>Its name, or its address.</summary>
    public required string Server { get; init; }

    /// <summary>Where it takes mail from its own users (RFC 6409).</summary>
    public int Port { get; init; } = 587;

    /// <summary>Who sends: an address, and the name that stands beside it.</summary>
    public required MailAddress From { get; init; }

    /// <summary>Who signs in; null where the server asks for nobody. Goes with <see cref="Password"/>.</summary>
    public string? User { get; init; }

    /// <inheritdoc cref="User"/>
    public Secret? Password { get; init; }

    public SmtpTls Tls { get; init; } = SmtpTls.Required;

    /// <summary>Whether the server is this machine, by its name alone.</summary>
    internal bool IsLoopback => Server.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(Server, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>Whether what is sent is encrypted on its way to the server.</summary>
public enum SmtpTls
{
    /// <summary>By STARTTLS (RFC 3207), and with a certificate that this machine trusts; nothing is sent to a server without.</summary>
    Required,

    /// <summary>Not at all; for a server on this machine only.</summary>
    None,
}

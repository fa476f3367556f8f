using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Holdfast.Durable.Testing;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>A mail server of others that runs for one test, with a certificate of its own.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    public const string User = "desk";
    public const string Password = "correct horse battery";

    private static readonly HashSet<string> Trusted = [];
    private readonly Process process;

    // The only way to have System.Net.Mail trust a certificate that the machine does not.
#pragma warning disable SYSLIB0014
    static MailServer() => ServicePointManager.ServerCertificateValidationCallback = static (_, certificate, _, errors) =>
    {
        lock (Trusted)
        {
            return errors == SslPolicyErrors.None || Trusted.Contains(certificate!.GetCertHashString(HashAlgorithmName.SHA256));
        }
    };
#pragma warning restore SYSLIB0014

    private MailServer(Process process, int port) => (this.process, Port) = (process, port);

    public int Port { get; }

    public static async Task<MailServer> StartAsync(Peers peers, bool isTrusted = true, bool hasTls = true, bool asksWho = true)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        lock (Trusted)
        {
            _ = isTrusted && Trusted.Add(certificate.GetCertHashString(HashAlgorithmName.SHA256));
        }

        var process = peers.Start("smtp.js", JsonSerializer.Serialize(new
        {
            key = key.ExportPkcs8PrivateKeyPem(),
            cert = certificate.ExportCertificatePem(),
            user = asksWho ? User : null,
            password = Password,
            disabled = hasTls ? Array.Empty<string>() : ["STARTTLS"],
        }));
        return new(process, (await ReadAsync(process)).GetProperty("port").GetInt32());
    }

    public SmtpChannel Channel(string password = Password, bool signsIn = true, TimeProvider? time = null) => new(new SmtpOptions
    {
        Server = "localhost",
        Port = Port,
        From = new("refunds@shop.example", "Refund desk"),
        User = signsIn ? User : null,
        Password = signsIn ? Asking.Secrets.Resolve("password", password) : null,
    }, time ?? TimeProvider.System);

    /// <summary>The next thing that happened there: auth or mail.</summary>
    public async Task<JsonElement> NextAsync(string what)
    {
        var line = await ReadAsync(process);
        return line.TryGetProperty(what, out var happened) ? happened : throw new InvalidOperationException($"Not {what}, but {line}");
    }

    /// <summary>What happened there until now, after which it ends.</summary>
    public async Task<string> EndAsync()
    {
        process.StandardInput.Close();
        return await process.StandardOutput.ReadToEndAsync().Patiently();
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync().Patiently();
        process.Dispose();
    }

    private static async Task<JsonElement> ReadAsync(Process process) =>
        Asking.Json(await process.StandardOutput.ReadLineAsync().Patiently() ?? throw new InvalidOperationException("The mail server has ended."));
}

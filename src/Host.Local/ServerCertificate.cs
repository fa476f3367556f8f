using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local;

/// <summary>A certificate in PEM files, as it lies there at each new connection: one that is renewed needs no new start.</summary>
internal sealed class ServerCertificate
{
    private readonly string file;
    private readonly string keyFile;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private (DateTime, DateTime) read;
    private SslServerAuthenticationOptions options;

    private ServerCertificate(string file, string keyFile, TimeProvider time)
    {
        (this.file, this.keyFile, this.time) = (Path.GetFullPath(file), Path.GetFullPath(keyFile), time);
        read = Written();
        options = Load();
    }

    /// <param name="keyFile">Null where the private key is in the same file.</param>
    /// <exception cref="StartException">The files cannot be read, do not belong together, or the certificate is not valid now.</exception>
    public static ServerCertificate Open(string file, string? keyFile, TimeProvider time) => new(file, keyFile ?? file, time);

    /// <summary>For one connection. Files that cannot be used leave the certificate before them in force.</summary>
    public SslServerAuthenticationOptions Current(ILogger logger)
    {
        lock (gate)
        {
            var written = Written();
            if (written == read)
            {
                return options;
            }

            read = written;
            try
            {
                options = Load();
                logger.LogInformation("The certificate was read anew from {File}.", file);
            }
            catch (StartException e)
            {
                logger.LogError("The certificate before stays in force. {Message}", e.Message);
            }

            return options;
        }
    }

    private (DateTime, DateTime) Written() => (File.GetLastWriteTimeUtc(file), File.GetLastWriteTimeUtc(keyFile));

    private SslServerAuthenticationOptions Load()
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(file, keyFile);
            var now = time.GetUtcNow().UtcDateTime;
            if (now < certificate.NotBefore.ToUniversalTime() || now >= certificate.NotAfter.ToUniversalTime())
            {
                throw new StartException($"The certificate in {file} is good from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd'T'HH:mm'Z'} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd'T'HH:mm'Z'}, which is not now. Renew it.");
            }

            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(file);
            return new() { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new StartException($"The certificate {file} with the private key in {keyFile} cannot be used: {e.Message} Give PEM files that belong together, the key without a password: --certificate FILE.pem --certificate-key FILE.", inner: e);
        }
    }
}

using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local;

/// <summary>A certificate in PEM files, as it lies there at each new connection: one that is renewed needs no new start.</summary>
internal sealed class ServerCertificate
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TellBefore = TimeSpan.FromDays(7);
    private static readonly TimeSpan TellEvery = TimeSpan.FromHours(1);

    private readonly string file;
    private readonly string keyFile;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private (DateTime, DateTime) read;
    private long? failed;
    private (long Since, bool HasEnded)? told;
    private SslServerAuthenticationOptions options;

    private ServerCertificate(string file, string keyFile, TimeProvider time)
    {
        (this.file, this.keyFile, this.time) = (Path.GetFullPath(file), Path.GetFullPath(keyFile), time);
        (options, read) = Load();
    }

    /// <param name="keyFile">Null where the private key is in the same file.</param>
    /// <exception cref="StartException">The files cannot be read, do not belong together, or the certificate is not valid now.</exception>
    public static ServerCertificate Open(string file, string? keyFile, TimeProvider time) => new(file, keyFile ?? file, time);

    /// <summary>For one connection. Files that cannot be used leave the certificate before them in force. That it ends is logged, before and after.</summary>
    public SslServerAuthenticationOptions Current(ILogger logger)
    {
        lock (gate)
        {
            if (failed is not { } at || time.GetElapsedTime(at) >= TryAgain)
            {
                ReadAnew(logger);
            }

            TellItsEnd(logger);
            return options;
        }
    }

    private void ReadAnew(ILogger logger)
    {
        try
        {
            if (Readable(Written) != read)
            {
                (options, read) = Load();
                told = null;
                logger.LogInformation("The certificate was read anew from {File}.", file);
            }

            failed = null;
        }
        catch (StartException e)
        {
            failed = time.GetTimestamp();
            logger.LogError("The certificate before stays in force. {Message}", e.Message);
        }
    }

    private void TellItsEnd(ILogger logger)
    {
        var ends = options.ServerCertificateContext!.TargetCertificate.NotAfter.ToUniversalTime();
        var left = ends - time.GetUtcNow().UtcDateTime;
        if (left > TellBefore || (told is { } at && at.HasEnded == left <= TimeSpan.Zero && time.GetElapsedTime(at.Since) < TellEvery))
        {
            return;
        }

        told = (time.GetTimestamp(), left <= TimeSpan.Zero);
        if (left > TimeSpan.Zero)
        {
            logger.LogWarning("The certificate in {File} is good until {End}. Renew it: the new one is read from there, without a new start.", file, Show(ends));
        }
        else
        {
            logger.LogError("The certificate in {File} was good until {End}, and clients refuse it. Renew it: the new one is read from there, without a new start.", file, Show(ends));
        }
    }

    /// <summary>Of what is opened, so that a link that leads elsewhere now (a secret of Kubernetes) is seen.</summary>
    private (DateTime, DateTime) Written()
    {
        using var opened = File.OpenHandle(file);
        using var key = File.OpenHandle(keyFile);
        return (File.GetLastWriteTimeUtc(opened), File.GetLastWriteTimeUtc(key));
    }

    private (SslServerAuthenticationOptions Options, (DateTime, DateTime) Read) Load()
    {
        return Readable(() =>
        {
            var written = Written(); // first: what is written meanwhile is seen the next time
            var certificate = X509Certificate2.CreateFromPemFile(file, keyFile);
            var now = time.GetUtcNow().UtcDateTime;
            if (now < certificate.NotBefore.ToUniversalTime() || now >= certificate.NotAfter.ToUniversalTime())
            {
                throw new StartException($"The certificate in {file} is good from {Show(certificate.NotBefore)} to {Show(certificate.NotAfter)}, which is not now. Renew it.");
            }

            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(file);
            return (new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true) }, written);
        });
    }

    private static string Show(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);

    private T Readable<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new StartException($"The certificate {file} with the private key in {keyFile} cannot be used: {e.Message} Give PEM files that belong together, the key without a password: --certificate FILE.pem --certificate-key FILE.", inner: e);
        }
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Host.Local.Tests;

/// <summary>Certificates for 127.0.0.1, as files.</summary>
internal static class Pem
{
    /// <summary>Writes FILE and FILE.key.</summary>
    /// <returns>The certificate's fingerprint.</returns>
    public static string Write(string file, string name = "localhost", int fromDays = -1, int toDays = 1, bool withKey = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(fromDays), now.AddDays(toDays));
        File.WriteAllText($"{file}.key", key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + (withKey ? key.ExportPkcs8PrivateKeyPem() : ""));
        return certificate.Thumbprint;
    }
}

using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Host.Local.Tests;

public sealed class ServerCertificateTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void TheKeyStandsInItsOwnFileOrBesideTheCertificate()
    {
        var apart = Pem.Write(scratch.At("apart.pem"));
        var together = Pem.Write(scratch.At("together.pem"), withKey: true);

        Assert.Equal(apart, Thumbprint(ServerCertificate.Open(scratch.At("apart.pem"), scratch.At("apart.pem.key"), TimeProvider.System)));
        Assert.Equal(together, Thumbprint(ServerCertificate.Open(scratch.At("together.pem"), null, TimeProvider.System)));
    }

    [Fact]
    public void ARenewedCertificateIsTakenWithoutANewStartAndABrokenOneIsNot()
    {
        var file = scratch.At("cert.pem");
        Pem.Write(file, withKey: true);
        var certificate = ServerCertificate.Open(file, null, TimeProvider.System);

        var renewed = Pem.Write(file, "renewed", withKey: true);
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(1));
        Assert.Equal(renewed, Thumbprint(certificate));

        File.WriteAllText(file, "-----BEGIN CERTIFICATE-----\n");
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(2));
        Assert.Equal(renewed, Thumbprint(certificate));
        File.Delete(file);
        Assert.Equal(renewed, Thumbprint(certificate));
    }

    [Fact]
    public void ACertificateBehindALinkIsRenewedWhenTheLinkLeadsElsewhere()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        foreach (var directory in new[] { "one", "two" })
        {
            Directory.CreateDirectory(scratch.At(directory));
        }

        // As Kubernetes lays a secret out: file -> ..data/file, ..data -> a directory that is exchanged.
        var first = Pem.Write(scratch.At("one", "tls.pem"), withKey: true);
        var renewed = Pem.Write(scratch.At("two", "tls.pem"), "renewed", withKey: true);
        File.SetLastWriteTimeUtc(scratch.At("two", "tls.pem"), File.GetLastWriteTimeUtc(scratch.At("one", "tls.pem")).AddHours(1));
        Directory.CreateSymbolicLink(scratch.At("data"), "one");
        File.CreateSymbolicLink(scratch.At("tls.pem"), Path.Combine("data", "tls.pem"));
        var certificate = ServerCertificate.Open(scratch.At("tls.pem"), null, TimeProvider.System);
        Assert.Equal(first, Thumbprint(certificate));

        Directory.CreateSymbolicLink(scratch.At("next"), "two");
        File.Delete(scratch.At("data"));
        Directory.Move(scratch.At("next"), scratch.At("data"));

        Assert.Equal(renewed, Thumbprint(certificate));
    }

    [Fact]
    public void WhatCouldNotBeReadIsTriedAgainThoughNothingWasWrittenSince()
    {
        var time = new Ahead();
        var file = scratch.At("cert.pem");
        Pem.Write(file, withKey: true);
        var certificate = ServerCertificate.Open(file, null, time);
        var renewed = Pem.Write(scratch.At("renewed.pem"), "renewed", withKey: true);
        File.WriteAllText(file, "-----BEGIN CERTIFICATE-----\n");
        var written = File.GetLastWriteTimeUtc(file).AddSeconds(1);
        File.SetLastWriteTimeUtc(file, written);
        Assert.NotEqual(renewed, Thumbprint(certificate));
        File.Copy(scratch.At("renewed.pem"), file, overwrite: true);
        File.SetLastWriteTimeUtc(file, written);

        Assert.NotEqual(renewed, Thumbprint(certificate)); // not at every connection
        time.By = TimeSpan.FromSeconds(5);
        Assert.Equal(renewed, Thumbprint(certificate));
    }

    [Fact]
    public void ThatACertificateEndsIsToldEveryHourFromAWeekBeforeUntilItIsRenewed()
    {
        var (time, log) = (new Ahead(), new LogBook());
        var file = scratch.At("cert.pem");
        Pem.Write(file, toDays: 10, withKey: true);
        var certificate = ServerCertificate.Open(file, null, time);
        Assert.Empty(Told(TimeSpan.FromDays(3) - TimeSpan.FromMinutes(5)));
        Assert.Contains("cert.pem is good until ", Assert.Single(Told(TimeSpan.FromDays(3.1))), StringComparison.Ordinal);
        Assert.Empty(Told(TimeSpan.FromDays(3.1) + TimeSpan.FromMinutes(59)));
        Assert.Single(Told(TimeSpan.FromDays(3.1) + TimeSpan.FromMinutes(60)));
        Assert.Single(Told(TimeSpan.FromDays(10) - TimeSpan.FromMinutes(5)));
        Assert.Contains("and clients refuse it. Renew it", Assert.Single(Told(TimeSpan.FromDays(10) + TimeSpan.FromMinutes(5))), StringComparison.Ordinal);
        Assert.Empty(Told(TimeSpan.FromDays(10) + TimeSpan.FromMinutes(6)));

        Pem.Write(file, "renewed", toDays: 30, withKey: true);
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(1));
        Assert.Contains("was read anew", Assert.Single(Told(TimeSpan.FromDays(11))), StringComparison.Ordinal);
        Assert.Empty(Told(TimeSpan.FromDays(20)));

        // At a hundred connections.
        List<string> Told(TimeSpan after)
        {
            time.By = after;
            for (var i = 0; i < 100; i++)
            {
                certificate.Current(log);
            }

            List<string> lines = [.. log.Lines];
            log.Lines.Clear();
            return lines;
        }
    }

    [Fact]
    public void WhatCannotBeUsedNamesTheFilesAndTheFact()
    {
        Pem.Write(scratch.At("a.pem"));
        Pem.Write(scratch.At("b.pem"));
        Pem.Write(scratch.At("old.pem"), fromDays: -9, toDays: -2, withKey: true);
        Pem.Write(scratch.At("early.pem"), fromDays: 2, toDays: 9, withKey: true);
        File.WriteAllText(scratch.At("garbage.pem"), "garbage");

        Assert.Contains("b.pem.key cannot be used", Refused("a.pem", "b.pem.key"), StringComparison.Ordinal);
        Assert.Contains("a.pem cannot be used", Refused("a.pem", null), StringComparison.Ordinal);
        Assert.Contains("garbage.pem cannot be used", Refused("garbage.pem", null), StringComparison.Ordinal);
        Assert.Contains("which is not now. Renew it.", Refused("old.pem", null), StringComparison.Ordinal);
        Assert.Contains("which is not now. Renew it.", Refused("early.pem", null), StringComparison.Ordinal);
    }

    private static string Thumbprint(ServerCertificate certificate) =>
        certificate.Current(NullLogger.Instance).ServerCertificateContext!.TargetCertificate.Thumbprint;

    private string Refused(string file, string? key) => Assert.Throws<StartException>(
        () => ServerCertificate.Open(scratch.At(file), key is null ? null : scratch.At(key), TimeProvider.System)).Message;

    /// <summary>The system's clock, set ahead: the certificates of a test are good by that one.</summary>
    private sealed class Ahead : TimeProvider
    {
        public TimeSpan By { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + By;

        public override long GetTimestamp() => base.GetTimestamp() + (long)(By.TotalSeconds * TimestampFrequency);
    }
}

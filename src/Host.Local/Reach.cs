using System.Net;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Models;
using Holdfast.Agents.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local;

/// <summary>
/// Who can reach this host, and what that asks of a request. From this machine alone: nothing, it is the operator's. From others: TLS, and
/// a key in every request, also in one that comes by loopback, for behind a tunnel or a proxy that is no sign of anything.
/// </summary>
internal sealed class Reach
{
    private static readonly Principal LocalAdmin = new("local-admin", "local", Roles.All);

    private readonly HostSettings settings;
    private readonly ServerCertificate? certificate;

    private Reach(HostSettings settings, ServerCertificate? certificate) => (this.settings, this.certificate) = (settings, certificate);

    public string Scheme => certificate is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;

    /// <exception cref="StartException">Off loopback without TLS or with the scripted model, or a certificate that cannot be used.</exception>
    public static Reach Of(HostSettings settings)
    {
        if (!IPAddress.IsLoopback(settings.Host) && settings.Certificate is null && !settings.Proxies.Any)
        {
            throw new StartException($"--host {settings.Host} would be reached from other machines, and what they send could be read on its way. Give --certificate FILE.pem, or --proxy ADDRESS of what ends TLS before this host, or leave --host out.");
        }

        if (settings.IsOffLoopback && settings.Model == ModelCatalog.Scripted)
        {
            throw new StartException("--model scripted answers by rules, for trying out on this machine. Other machines would take it for a model: configure one, or leave --host and --proxy out.");
        }

        if (settings.CertificateKey is not null && settings.Certificate is null)
        {
            throw new StartException("--certificate-key is given without --certificate. Give both.");
        }

        return new(settings, settings.Certificate is { } file ? ServerCertificate.Open(file, settings.CertificateKey, TimeProvider.System) : null);
    }

    /// <exception cref="StartException">Off loopback, and no key is good.</exception>
    public async Task CheckKeysAsync(AgentStore store)
    {
        if (settings.IsOffLoopback && !await new ApiKeys(store).AnyUsableAsync())
        {
            throw new StartException($"This host would be reached from other machines ({(settings.Proxies.Any ? "--proxy" : "--host")}), and there is no API key that is good. Add one: keys add --name NAME --tenant TENANT --roles {Roles.Submit},{Roles.Read} --data {settings.Data}");
        }
    }

    /// <summary>TLS, where there is a certificate.</summary>
    public void Secure(ListenOptions listen)
    {
        if (certificate is not null)
        {
            var logger = listen.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger("Holdfast.Tls");
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(certificate.Current(logger)) });
        }
    }

    /// <summary>Turns away what does not come the way that it should, before anybody asks who it is.</summary>
    public void Admit(WebApplication app)
    {
        settings.Proxies.Use(app, isPlain: certificate is null);
        if (!settings.IsOffLoopback)
        {
            app.Use(FromHere.CheckAsync);
        }
    }

    /// <summary>By a key. On loopback whoever sends none is the operator, and is not counted.</summary>
    public Func<HttpContext, ValueTask<Principal?>> Identify(Func<AgentStore> store, ILoggerFactory loggers)
    {
        var keys = Identification.Keys(store, new RateLimits { PerSecond = settings.Rate, Burst = settings.Rate * 4 }, TimeProvider.System, loggers);
        return settings.IsOffLoopback ? keys : http => Identification.BringsKey(http) ? keys(http) : new(LocalAdmin);
    }
}

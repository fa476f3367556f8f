using System.Net;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
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

    public bool IsOffLoopback => settings.IsOffLoopback;

    /// <summary>Where people reach this host, and links lead.</summary>
    public Uri Address => settings.Url ?? new($"{Scheme}://{new IPEndPoint(settings.Host, settings.Port)}/");

    /// <exception cref="StartException">Off loopback without TLS or with the scripted model, an address that leads elsewhere, or a certificate that cannot be used.</exception>
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

        CheckUrl(settings);
        return new(settings, settings.Certificate is { } file ? ServerCertificate.Open(file, settings.CertificateKey, TimeProvider.System) : null);
    }

    /// <exception cref="StartException">People are told to come here, and nothing says where that is.</exception>
    public void CheckAddress(IReadOnlyList<IChannel> channels)
    {
        if (channels.Count > 0 && settings.IsOffLoopback && settings.Url is null)
        {
            throw new StartException($"People are told by {string.Join(", ", channels.Select(channel => channel.Name))}, and nothing says at which address they reach this host. Give it: --url https://desk.example.com (HOLDFAST_URL).");
        }
    }

    /// <exception cref="StartException">Off loopback, and no key is good.</exception>
    public async Task CheckKeysAsync(AgentStore store)
    {
        if (settings.IsOffLoopback && !await new ApiKeys(store).AnyUsableAsync())
        {
            throw new StartException($"This host would be reached from other machines ({(settings.Proxies.Any ? "--proxy" : "--host")}), and there is no API key that is good. Add one: keys add --name NAME --tenant TENANT --roles {Roles.Submit},{Roles.Read} --data {settings.Data}");
        }
    }

    // A link is worth a decision: on its way through a network nobody may read it, also where a proxy ends TLS.
    private static void CheckUrl(HostSettings settings)
    {
        if (settings is { Url: { } url, IsOffLoopback: true } && url.Scheme != Uri.UriSchemeHttps)
        {
            throw new StartException($"{HostSettings.Named("url")} {url} is plain HTTP, and links that lead there could be read on their way. Give the https address of this host, or of what ends TLS before it.");
        }

        if (settings is { Url: { IsLoopback: false } other, IsOffLoopback: false })
        {
            throw new StartException($"{HostSettings.Named("url")} {other} is another machine's name, and this host answers only to this machine. Give --proxy ADDRESS of what passes its requests on, or --host and --certificate, or leave --url out.");
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

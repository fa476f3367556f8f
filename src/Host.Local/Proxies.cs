using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Holdfast.Host.Local;

/// <summary>Who may speak for others: what ends TLS before this host. Nobody else's X-Forwarded-For or X-Forwarded-Proto is read.</summary>
internal sealed class Proxies(IReadOnlyList<IPNetwork> networks)
{
    public static Proxies None { get; } = new([]);

    public bool Any => networks.Count > 0;

    /// <summary>Whether a network that was named is 0.0.0.0/0 or ::/0.</summary>
    public bool AreEverybody => networks.Any(network => network.PrefixLength == 0);

    /// <param name="text">Addresses and networks, separated by commas: 10.0.0.7,10.0.1.0/28,::1. Whoever has one of them speaks for others.</param>
    /// <returns>Null when one of them is neither.</returns>
    public static Proxies? Parse(string text)
    {
        List<IPNetwork> networks = [];
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (IPAddress.TryParse(part, out var address))
            {
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else if (IPNetwork.TryParse(part, out var network))
            {
                networks.Add(network);
            }
            else
            {
                return null;
            }
        }

        return new(networks);
    }

    public bool Has(IPAddress? address) => address is not null
        && (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) is var plain && networks.Any(network => network.Contains(plain));

    /// <param name="isPlain">Whether the host listens without TLS, so that nobody but a proxy may send it anything.</param>
    public void Use(WebApplication app, bool isPlain)
    {
        if (!Any)
        {
            return;
        }

        if (isPlain)
        {
            app.Use((http, next) => Has(http.Connection.RemoteIpAddress) ? next(http) : FromHere.RefuseAsync(http,
                "This host takes plain HTTP from its proxy alone (--proxy). Send the request to the proxy."));
        }

        // No more addresses than proxies are named: a client that lies in a network that was named may not write those behind its own.
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = networks.Count };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in networks)
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }
}

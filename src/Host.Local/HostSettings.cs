using System.Collections;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Holdfast.Agents.Http;
using Holdfast.Agents.Secrets;
using Holdfast.Providers.OpenAI;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Local;

/// <summary>
/// How the host is started. Each setting is an option (--port 7071), a variable (HOLDFAST_PORT), or a line of appsettings.json beside the
/// program ("port"); the first of these wins. No other variable is read, but for the models' keys under the names that the field has for them.
/// </summary>
public sealed record HostSettings
{
    private const string Prefix = "HOLDFAST_";

    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["port"] = "the port to listen on, 1 to 65535 (default 7071)",
        ["host"] = "the address to listen on (default 127.0.0.1); any other than a loopback address needs API keys, and --certificate or --proxy",
        ["certificate"] = "a certificate for TLS, as a PEM file; with its chain, and its private key if --certificate-key is not given",
        ["certificate-key"] = "the certificate's private key, as a PEM file without a password",
        ["proxy"] = "the addresses of what ends TLS before this host, as 10.0.0.7,10.0.0.8; plain HTTP is taken from these alone. Only proxies: never a network with clients in it. Of X-Forwarded-For as many addresses are read as are given here",
        ["secrets"] = "the directory of the secrets that settings name as secret:NAME: one file a name, mode 0600",
        ["link-key"] = "what signs the links that people are sent: a text of 32 characters or more, with commas before those of before, or secret:NAME; as an option only that (default: made at the first start and kept in the data directory as link.key)",
        ["rate"] = "the requests a second that one API key may make of this process, 1 to 100000; four times as many at once (default 50)",
        ["data"] = "the directory that holds everything (default ./data)",
        ["store"] = "sqlite, a file in the data directory (default), or the connection string of a PostgreSQL; its password in HOLDFAST_STORE_PASSWORD",
        ["model"] = "the model behind the name 'default'; 'scripted' answers by the rules beside each agent",
        ["agents"] = "the directory of the agents (default agents/ beside the program)",
        ["people"] = "the file that says who may be asked (default people.yaml beside the program, if it is there)",
        ["policies"] = "the directory of the rules that hold for all agents (default policies/ beside the program, if it is there)",
        ["url"] = "the address at which people reach this host, as https://desk.example.com; links lead there (default where it listens, on loopback)",
        ["log"] = "text or json (default text)",
    };

    public int Port { get; init; } = 7071;

    public IPAddress Host { get; init; } = IPAddress.Loopback;

    public string Data { get; init; } = "data";

    /// <summary>sqlite, or Npgsql's connection string.</summary>
    public string Store { get; init; } = ConfiguredStore.Sqlite;

    public string? Model { get; init; }

    public string Agents { get; init; } = Path.Combine(AppContext.BaseDirectory, "agents");

    /// <summary>The file of people; null for the one beside the program, which may be missing.</summary>
    public string? People { get; init; }

    /// <summary>The directory of policies; null for the one beside the program, which may be missing.</summary>
    public string? Policies { get; init; }

    /// <summary>Where people reach this host: scheme, name and port; null for where it listens.</summary>
    public Uri? Url { get; init; }

    public bool JsonLog { get; init; }

    public string? Certificate { get; init; }

    public string? CertificateKey { get; init; }

    /// <summary>The keys of links, with commas between them; null for the data directory's own.</summary>
    public string? LinkKey { get; init; }

    internal Proxies Proxies { get; init; } = Proxies.None;

    /// <summary>What resolves secret:NAME.</summary>
    public SecretSource Secrets { get; init; } = new(null, static _ => null);

    /// <summary>Requests a second for one API key.</summary>
    public int Rate { get; init; } = 50;

    /// <summary>Whether requests come from other machines, directly or by a proxy: then every one of them needs a key.</summary>
    public bool IsOffLoopback => !IPAddress.IsLoopback(Host) || Proxies.Any;

    /// <summary>Everything else that was configured, for models and channels.</summary>
    public required IConfiguration Configuration { get; init; }

    /// <summary>Those that say where the store is; commands take them, too.</summary>
    internal static IReadOnlyList<string> OfStore { get; } = ["data", "store", "secrets"];

    public static string Help { get; } = "Options:" + Environment.NewLine
        + string.Concat(Known.Select(option => $"  --{option.Key,-15} {option.Value}{Environment.NewLine}"))
        + $"Each is also a variable ({Prefix}PORT=7071) and a line of appsettings.json beside the program (\"port\": 7071); an option wins over a variable, a variable over the file."
        + Environment.NewLine;

    /// <exception cref="StartException">A setting that is unknown, cannot be read or is out of range.</exception>
    public static HostSettings Read(IReadOnlyList<string> args) =>
        Read(args, Environment.GetEnvironmentVariables(), Path.Combine(AppContext.BaseDirectory, "appsettings.json"));

    /// <inheritdoc cref="Read(IReadOnlyList{string})"/>
    internal static HostSettings Read(IReadOnlyList<string> args, IDictionary variables, string file)
    {
        var values = new ConfigurationManager();
        AddFile(values, file);
        values.AddInMemoryCollection(Variables(variables)).AddInMemoryCollection(Options(args));
        var settings = new HostSettings { Configuration = values };
        return settings with
        {
            Port = Setting(values, "port") is { } port ? PortOf(port) : settings.Port,
            Host = Setting(values, "host") is { } host ? AddressOf(host) : settings.Host,
            Data = Setting(values, "data") ?? settings.Data,
            Store = Setting(values, "store") ?? settings.Store,
            Model = Setting(values, "model"),
            Agents = Setting(values, "agents") ?? settings.Agents,
            People = Setting(values, "people"),
            Policies = Setting(values, "policies"),
            Url = Setting(values, "url") is { } url ? UrlOf(url) : null,
            Certificate = Setting(values, "certificate"),
            CertificateKey = Setting(values, "certificate-key"),
            LinkKey = Setting(values, "link-key"),
            Proxies = Setting(values, "proxy") is { } proxy ? ProxiesOf(proxy) : settings.Proxies,
            Secrets = new SecretSource(Setting(values, "secrets") is { } secrets ? DirectoryOf(secrets) : null, name => (string?)variables[name]),
            Rate = Setting(values, "rate") is { } rate ? RateOf(rate) : settings.Rate,
            JsonLog = Setting(values, "log") switch
            {
                null or "text" => false,
                "json" => true,
                var log => throw new StartException($"{Named("log")} '{log}' is not known. Give text or json."),
            },
        };
    }

    private static void AddFile(ConfigurationManager values, string file)
    {
        try
        {
            values.AddJsonFile(file, optional: true);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or IOException or UnauthorizedAccessException)
        {
            var cause = e.GetBaseException();
            var line = cause is JsonException { LineNumber: { } at } ? $"({at + 1})" : "";
            var fact = cause.Message.Split(" LineNumber:")[0]; // which counts from 0
            throw new StartException($"{file}{line}: cannot be read as settings. {fact} Mend it, or take it away.", inner: e);
        }
    }

    // One that is empty is one that is not set: shells and unit files cannot say it otherwise.
    private static IEnumerable<KeyValuePair<string, string?>> Variables(IDictionary variables)
    {
        foreach (DictionaryEntry variable in variables)
        {
            var (name, value) = ((string)variable.Key, (string?)variable.Value);
            if (!string.IsNullOrEmpty(value) && name.StartsWith(Prefix, StringComparison.Ordinal) && !name.StartsWith(SecretSource.Prefix, StringComparison.Ordinal))
            {
                yield return KeyValuePair.Create(KeyOf(name[Prefix.Length..]), (string?)value);
            }
            else if (!string.IsNullOrEmpty(value) && ModelSettings.Variables.Contains(name))
            {
                yield return KeyValuePair.Create(name, (string?)value);
            }
        }
    }

    // No variable can have a dash in its name.
    private static string KeyOf(string name) => name switch
    {
        "CERTIFICATE_KEY" => "certificate-key",
        "LINK_KEY" => "link-key",
        _ => name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal),
    };

    private static Dictionary<string, string?> Options(IReadOnlyList<string> args)
    {
        Dictionary<string, string?> options = [];
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], null);
            if (!name.StartsWith("--", StringComparison.Ordinal) || !Known.TryGetValue(name[2..], out var meaning))
            {
                throw new StartException($"'{name}' is not an option.{Environment.NewLine}{Help}");
            }

            value ??= i + 1 < args.Count ? args[++i] : "";
            if (value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal))
            {
                throw new StartException($"{name} has no value. Give {meaning}.");
            }

            if (!options.TryAdd(name[2..], value))
            {
                throw new StartException($"{name} is given twice. Give it once.");
            }
        }

        if (options.TryGetValue("store", out var store))
        {
            ConfiguredStore.CheckOption(store!);
        }

        if (options.TryGetValue("link-key", out var link))
        {
            ConfiguredLinkKeys.CheckOption(link!);
        }

        return options;
    }

    private static string? Setting(IConfiguration values, string name) => values.GetSection(name).GetChildren().Any()
        ? throw new StartException($"{Named(name)} has parts. Give {Known[name]}.") : values[name] is { Length: > 0 } value ? value : null;

    private static int PortOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535 ? port
            : throw new StartException($"{Named("port")} '{text}' is not a number from 1 to 65535.");

    private static int RateOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) && rate is >= 1 and <= 100_000 ? rate
            : throw new StartException($"{Named("rate")} '{text}' is not a number from 1 to 100000.");

    private static string DirectoryOf(string text) => Directory.Exists(text) ? Path.GetFullPath(text)
        : throw new StartException($"{Named("secrets")} '{text}' is no directory. Create it, with a file for each secret (mode 0600).");

    private static IPAddress AddressOf(string text) => text == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(text.Trim('[', ']'), out var parsed) ? parsed
        : throw new StartException($"{Named("host")} '{text}' is not an address. Give 127.0.0.1, or leave it out.");

    private static Uri UrlOf(string text) => PageAddress.Read(text)
        ?? throw new StartException($"{Named("url")} is no address of scheme, name and port alone. Give it as https://desk.example.com.");

    private static Proxies ProxiesOf(string text)
    {
        const string Remedy = "Give those of the proxies alone, as 10.0.0.7,10.0.0.8.";
        var proxies = Proxies.Parse(text) ?? throw new StartException($"{Named("proxy")} '{text}' is no list of addresses. {Remedy}");
        return proxies.AreEverybody ? throw new StartException($"{Named("proxy")} '{text}' is every address there is, so that anybody could send plain HTTP and say to be anywhere. {Remedy}") : proxies;
    }

    internal static string Named(string name) => $"--{name} ({Prefix}{name.ToUpperInvariant().Replace('-', '_')})";
}

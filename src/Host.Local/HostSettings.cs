using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Local;

/// <summary>
/// How the host is started. Each setting is an option (--port 7071), a variable (HOLDFAST_PORT), or a line of appsettings.json beside the
/// program ("port"); the first of these wins.
/// </summary>
public sealed record HostSettings
{
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["port"] = "the port to listen on, 1 to 65535 (default 7071)",
        ["host"] = "the address to listen on; a loopback address until there are API keys (default 127.0.0.1)",
        ["data"] = "the directory that holds everything (default ./data)",
        ["model"] = "the model behind the name 'default'; 'scripted' answers by the rules beside each agent",
        ["agents"] = "the directory of the agents (default agents/ beside the program)",
        ["log"] = "text or json (default text)",
    };

    public int Port { get; init; } = 7071;

    public IPAddress Host { get; init; } = IPAddress.Loopback;

    public string Data { get; init; } = "data";

    public string? Model { get; init; }

    public string Agents { get; init; } = Path.Combine(AppContext.BaseDirectory, "agents");

    public bool JsonLog { get; init; }

    /// <summary>Everything else that was configured, for models.</summary>
    public required IConfiguration Configuration { get; init; }

    public static string Help { get; } = "Options:" + Environment.NewLine
        + string.Concat(Known.Select(option => $"  --{option.Key,-8} {option.Value}{Environment.NewLine}"));

    /// <exception cref="StartException">An option that is unknown or out of range.</exception>
    public static HostSettings Read(IReadOnlyList<string> args)
    {
        var configuration = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .AddEnvironmentVariables("HOLDFAST_")
            .AddInMemoryCollection(Options(args))
            .Build();
        return new HostSettings
        {
            Configuration = configuration,
            Port = Port_(configuration["port"] ?? "7071"),
            Host = Host_(configuration["host:address"] ?? (configuration.GetSection("host").Value ?? "127.0.0.1")),
            Data = configuration["data"] ?? "data",
            Model = configuration["model"],
            Agents = configuration["agents"] ?? Path.Combine(AppContext.BaseDirectory, "agents"),
            JsonLog = configuration["log"] is not { } log ? false : log is "text" or "json" ? log == "json"
                : throw new StartException($"--log '{log}' is not known. Give text or json."),
        };
    }

    private static int Port_(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535 ? port
            : throw new StartException($"--port '{text}' is not a number from 1 to 65535.");

    private static IPAddress Host_(string text)
    {
        var address = text == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(text, out var parsed) ? parsed
            : throw new StartException($"--host '{text}' is not an address. Give 127.0.0.1, or leave it out.");
        return IPAddress.IsLoopback(address) ? address
            : throw new StartException($"--host {text} would be reached from other machines, and this host knows no API keys yet. Leave it out; reach 127.0.0.1 through a tunnel or a proxy that authenticates.");
    }

    private static Dictionary<string, string?> Options(IReadOnlyList<string> args)
    {
        Dictionary<string, string?> options = [];
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], null);
            if (!name.StartsWith("--", StringComparison.Ordinal) || !Known.ContainsKey(name[2..]))
            {
                throw new StartException($"'{args[i]}' is not an option.{Environment.NewLine}{Help}");
            }

            value ??= i + 1 < args.Count ? args[++i] : throw new StartException($"{name} has no value: {Known[name[2..]]}.");
            if (!options.TryAdd(name[2..], value))
            {
                throw new StartException($"{name} is given twice. Give it once.");
            }
        }

        return options;
    }
}

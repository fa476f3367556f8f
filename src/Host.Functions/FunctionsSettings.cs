using Holdfast.Agents.Http;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Functions;

/// <summary>The app's settings. Each stands in local.settings.sample.json, with those of its models; one that is empty is one that is not set.</summary>
internal sealed record FunctionsSettings
{
    public const string Store = "HOLDFAST_STORE";
    public const string StoreSignIn = "HOLDFAST_STORE_SIGNIN";
    public const string StorePassword = "HOLDFAST_STORE_PASSWORD";
    public const string Identity = "HOLDFAST_IDENTITY";
    public const string TaskHub = "TASKHUB_NAME";
    public const string Scheduler = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING";
    public const string ClientId = "AZURE_CLIENT_ID";
    public const string LinkKey = "HOLDFAST_LINK_KEY";
    public const string Url = "HOLDFAST_URL";

    /// <summary>The platform's word for the app's own name.</summary>
    private const string Hostname = "WEBSITE_HOSTNAME";

    /// <summary>Where the agent store is: Npgsql's connection string.</summary>
    public required string StoreConnection { get; init; }

    /// <summary>Whether a managed identity signs in to the store; otherwise a password does.</summary>
    public required bool StoreByIdentity { get; init; }

    public string? Password { get; init; }

    /// <summary>Whether the platform says who asks; otherwise an API key does.</summary>
    public required bool PlatformIdentifies { get; init; }

    public required string Hub { get; init; }

    /// <summary>The scheduler's address, without what signs in to it.</summary>
    public required string SchedulerEndpoint { get; init; }

    /// <summary>The managed identity that is meant; null for the system's.</summary>
    public string? Client { get; init; }

    /// <summary>What signs links, forms and sessions, with commas between several; null for none, and then there are no pages.</summary>
    public string? LinkKeys { get; init; }

    /// <summary>Where people reach the app; null where nothing says it.</summary>
    public Uri? Address { get; init; }

    /// <exception cref="StartException">A setting that is missing or cannot be used.</exception>
    public static FunctionsSettings Read(IConfiguration configuration)
    {
        string? Value(string name) => configuration[name] is { Length: > 0 } value ? value : null;

        string Needed(string name, string meaning) =>
            Value(name) ?? throw new StartException($"{name} is not set. Set it to {meaning}.");

        bool Choice(string name, string yes, string no, bool otherwise) => Value(name) switch
        {
            null => otherwise,
            var value when value == yes => true,
            var value when value == no => false,
            var value => throw new StartException($"{name} '{value}' is not known. Give {yes} or {no}."),
        };

        var store = StoreOf(Needed(Store, "the connection string of a PostgreSQL: Host=…;Database=…;Username=…;SSL Mode=VerifyFull"));
        var scheduler = Needed(Scheduler, "Endpoint=https://…;Authentication=ManagedIdentity;ClientID=…;TaskHub=…");
        var byIdentity = Choice(StoreSignIn, "managedIdentity", "password", otherwise: false);
        return new FunctionsSettings
        {
            StoreConnection = store,
            StoreByIdentity = byIdentity,
            Password = byIdentity && Value(StorePassword) is not null
                ? throw new StartException($"{StorePassword} is set, but {StoreSignIn} is managedIdentity. Take one of the two away.") : Value(StorePassword),
            PlatformIdentifies = Choice(Identity, "platform", "keys", otherwise: true),
            Hub = HubOf(Needed(TaskHub, "the name of the app's own task hub, as host.json has it"), scheduler),
            SchedulerEndpoint = PartOf(scheduler, "Endpoint")
                ?? throw new StartException($"{Scheduler} names no Endpoint. Write it as Endpoint=https://…;Authentication=ManagedIdentity;ClientID=…;TaskHub=…."),
            Client = Value(ClientId),
            LinkKeys = Value(LinkKey),
            Address = Value(Url) is { } url ? AddressOf(url) : Value(Hostname) is { } name ? OwnAddress(name) : null,
        };
    }

    private static string StoreOf(string connection) => !connection.Contains('=', StringComparison.Ordinal)
        || connection.Contains("Data Source", StringComparison.OrdinalIgnoreCase) || connection.Contains("Filename", StringComparison.OrdinalIgnoreCase)
        ? throw new StartException($"{Store} does not name a PostgreSQL. Instances of a function app share no disk, so SQLite is refused here: set {Store} to Host=…;Database=…;Username=….")
        : connection;

    // By its name the agent store knows which engine has a run; the instances must be in no other.
    private static string HubOf(string hub, string scheduler) => PartOf(scheduler, "TaskHub") is not { } other || other.Equals(hub, StringComparison.OrdinalIgnoreCase) ? hub
        : throw new StartException($"{TaskHub} is '{hub}', but {Scheduler} names TaskHub={other}. Name the same hub in both, or none in {Scheduler}.");

    // What leads there is worth a decision: nobody may read it on its way.
    private static Uri AddressOf(string text) => PageAddress.Read(text) is { } url && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback) ? url
        : throw new StartException($"{Url} is no https address of name and port alone. Give it as https://desk.example.com, or leave it out for the app's own.");

    // On a laptop the Functions host gives its own name, too, and speaks plain HTTP there.
    private static Uri? OwnAddress(string name) => PageAddress.Read($"http://{name}") is { IsLoopback: true } laptop ? laptop : PageAddress.Read($"https://{name}");

    private static string? PartOf(string connection, string name) => connection.Split(';').Select(part => part.Split('=', 2))
        .Where(part => part is [var key, { Length: > 0 }] && key.Trim().Equals(name, StringComparison.OrdinalIgnoreCase)).Select(part => part[1].Trim()).FirstOrDefault();
}

/// <summary>Why the app does not start: one sentence with the fact, and the remedy.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);

using System.Net;
using Holdfast.Agents;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local;

/// <summary>Agents on one machine: one process with the embedded engine. No container, no account.</summary>
public static class LocalHost
{
    private static readonly Principal LocalAdmin = new("local-admin", "local", Roles.All);

    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="args">See <see cref="HostSettings"/>.</param>
    /// <param name="configure">Adds the tools of the agents.</param>
    /// <returns>The exit code: 0 after a stop, 2 for wrong configuration, 1 otherwise.</returns>
    public static async Task<int> RunAsync(string[] args, Action<LocalHostBuilder> configure)
    {
        if (args is ["--help" or "-h"])
        {
            await Console.Out.WriteAsync(HostSettings.Help);
            return 0;
        }

        try
        {
            var settings = HostSettings.Read(args);
            return await ServeAsync(settings, configure);
        }
        catch (Exception e) when (Explain(e) is { } refusal)
        {
            await Console.Error.WriteLineAsync(refusal.Message);
            return refusal.ExitCode;
        }
    }

    private static StartException? Explain(Exception exception) => exception switch
    {
        StartException start => start,
        DefinitionException or ToolRefusedException => new StartException(exception.Message),
        DataDirectoryOwnedException or DatabaseException or StoresApartException => new StartException(exception.Message, StartException.Otherwise),
        _ => null,
    };

    private static async Task<int> ServeAsync(HostSettings settings, Action<LocalHostBuilder> configure)
    {
        var started = TimeProvider.System.GetTimestamp();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        AddLogging(builder, settings);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.Listen(settings.Host, settings.Port);
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        await using var app = builder.Build();
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger("Holdfast");
        var crash = new CrashAt(Environment.GetEnvironmentVariable("HOLDFAST_CRASH_AT"));

        var models = ConfiguredModels.Read(settings);
        var definitions = AgentFolder.LoadAll(settings.Agents);
        if (models.IsScripted)
        {
            foreach (var agent in definitions)
            {
                models.Find(agent); // a rule that cannot be read is a start error, not a run's
            }
        }

        var data = Path.GetFullPath(settings.Data);
        await using var engine = EmbeddedEngine.Open(
            new EngineOptions { DataDirectory = data, ShutdownGrace = TimeSpan.FromSeconds(15), CrashPoint = crash.Reach }, loggers);
        var host = new LocalHostBuilder(data);
        configure(host);
        var catalog = new AgentCatalog(definitions, host.Tools);
        using var store = new AgentStore(SqliteDialect.Open(Path.Combine(data, "agents.db"), TimeProvider.System, logger));
        var description = new EngineDescription(engine.Identity.Id, engine.Identity.Epoch, data, engine.AdvanceEpochAsync);
        await using var system = await AgentSystem.OpenAsync(
            store, description, catalog, host.Tools, models, new AgentOptions { CrashPoint = crash.Reach }, loggers);

        var notReady = "The host is starting.";
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        var api = HoldfastApi.Create(system, new ApiOptions
        {
            Identify = _ => LocalAdmin,
            NotReady = () => lifetime.ApplicationStopping.IsCancellationRequested ? "The host is stopping." : notReady,
            Stopping = lifetime.ApplicationStopping,
        }, loggers);
        app.Use(next => http => FromHere(http) ? next(http) : Refuse(http));
        app.Run(api);

        await ListenAsync(app, settings);
        var registry = new DurableRegistry(StepJson.Default);
        system.Register(registry);
        await engine.StartAsync(registry);
        await system.StartAsync(engine.Client);
        notReady = null;
        logger.LogInformation("Ready at http://{Host}:{Port} after {Elapsed} ms. Agents: {Agents}. Model: {Model}. Data: {Data}", settings.Host, settings.Port,
            (int)TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, string.Join(", ", catalog.Names),
            models.IsScripted ? "scripted (rules, no model)" : string.Join(", ", models.Names), data);

        var stopped = app.WaitForShutdownAsync();
        if (await Task.WhenAny(stopped, engine.Failed, system.Failed) == stopped)
        {
            // Activities in flight write to the store until the engine has stopped.
            await system.DisposeAsync();
            await engine.DisposeAsync();
            return 0;
        }

        // What is in memory may be ahead of what is on disk: end now, and let the next start go on from the disk.
        logger.LogCritical("A database has failed; the process ends. Start it again once the disk is well.");
        Environment.Exit(StartException.Otherwise);
        return StartException.Otherwise;
    }

    private static async Task ListenAsync(WebApplication app, HostSettings settings)
    {
        try
        {
            await app.StartAsync();
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new StartException($"Port {settings.Port} on {settings.Host} is taken by another program. Stop that one, or give another with --port.", StartException.Otherwise, e);
        }
    }

    private static void AddLogging(WebApplicationBuilder builder, HostSettings settings)
    {
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        if (settings.JsonLog)
        {
            builder.Logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
        }
        else
        {
            builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "HH:mm:ss "));
        }
    }

    /// <summary>
    /// Whether a request comes from this machine on purpose. Without keys, a web page in a browser here could otherwise send one: through a
    /// name that it points at this address, or from its own origin.
    /// </summary>
    private static bool FromHere(HttpContext http) =>
        IsLoopback(http.Request.Host.Host)
        && (!http.Request.Headers.TryGetValue("Origin", out var origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && IsLoopback(from.Host)));

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static Task Refuse(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        return http.Response.WriteAsJsonAsync(new
        {
            type = "about:blank", title = "Forbidden", status = 403, detail = "This host answers only to 127.0.0.1 and localhost, and only to pages from there.",
        }, options: null, contentType: "application/problem+json");
    }
}

/// <summary>What a program adds to the host.</summary>
public sealed class LocalHostBuilder(string dataDirectory)
{
    /// <summary>Where the host keeps everything; a tool may keep its own files there.</summary>
    public string DataDirectory { get; } = dataDirectory;

    internal Toolbox Tools { get; private set; } = new([]);

    /// <summary>Adds the methods of these instances that are marked with [Tool].</summary>
    /// <exception cref="ToolRefusedException">One of them cannot be a tool.</exception>
    public LocalHostBuilder AddTools(params object[] instances)
    {
        Tools = Tools.And(Toolbox.From(instances));
        return this;
    }
}

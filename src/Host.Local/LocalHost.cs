using System.Net;
using System.Net.Sockets;
using Holdfast.Agents;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
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
        if (args.Any(arg => arg is "--help" or "-h"))
        {
            await Console.Out.WriteAsync(HostSettings.Help);
            return 0;
        }

        try
        {
            return await RunAsync(HostSettings.Read(args), configure);
        }
        catch (Exception e)
        {
            var refusal = Explain(e);
            await Console.Error.WriteLineAsync(refusal?.Message ?? $"The host has failed, and this is a fault of its code or its program's: {e}");
            return refusal?.ExitCode ?? StartException.Otherwise;
        }
    }

    private static StartException? Explain(Exception exception) => exception switch
    {
        StartException start => start,
        DefinitionException or ToolRefusedException => new StartException(exception.Message),
        DataDirectoryOwnedException or DatabaseException or StoresApartException or StoreRefusedException or StoreUnavailableException => new StartException(exception.Message, StartException.Otherwise),
        _ => null,
    };

    private static async Task<int> RunAsync(HostSettings settings, Action<LocalHostBuilder> configure)
    {
        var started = TimeProvider.System.GetTimestamp();
        var crash = new CrashAt(Environment.GetEnvironmentVariable("HOLDFAST_CRASH_AT"));
        var models = ConfiguredModels.Read(settings);
        var definitions = Definitions(settings, models);
        var postgres = ConfiguredStore.Check(settings);
        await using var app = Build(settings);
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger("Holdfast");

        var data = Path.GetFullPath(settings.Data);
        await using var engine = EmbeddedEngine.Open(
            new EngineOptions { DataDirectory = data, ShutdownGrace = TimeSpan.FromSeconds(12), CrashPoint = crash.Reach }, loggers);
        var host = new LocalHostBuilder(data);
        configure(host);
        var catalog = new AgentCatalog(definitions, host.Tools);
        AgentStore? store = null;
        AgentSystem? system = null;
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        try
        {
            // Listens first: who asks is told that it is not ready, for as long as the store is waited for.
            var ready = Serve(app, () => system!, () => store?.Away, loggers);
            await ListenAsync(app, settings);
            store = await ConfiguredStore.OpenAsync(postgres, data, logger, stopping);
            var description = new EngineDescription(engine.Identity.Id, engine.Identity.Epoch, data, engine.AdvanceEpochAsync);
            system = await AgentSystem.OpenAsync(store, description, catalog, host.Tools, models, new AgentOptions { CrashPoint = crash.Reach }, loggers);
            var registry = new DurableRegistry(StepJson.Default);
            system.Register(registry);
            await engine.StartAsync(registry);
            await system.StartAsync(engine.Client);
            ready();
            logger.LogInformation("Ready at http://{Address} after {Elapsed} ms. Agents: {Agents}. Model: {Model}. Data: {Data}. Store: {Store}", new IPEndPoint(settings.Host, settings.Port),
                (int)TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, string.Join(", ", catalog.Names),
                models.IsScripted ? "scripted (rules, no model)" : string.Join(", ", models.Names), data, store.Place);

            var stopped = app.WaitForShutdownAsync();
            if (await Task.WhenAny(stopped, engine.Failed, system.Failed) is Task<Exception> failed)
            {
                // What is in memory may be ahead of what is on disk: end now, and let the next start go on from the disk.
                logger.LogCritical("The process ends, because it cannot keep what it promises: {Message} The next start goes on from the disk.", (await failed).Message);
                loggers.Dispose(); // writes what is still in its queue
                Environment.Exit(StartException.Otherwise);
            }

            await stopped;
            return 0;
        }
        catch (OperationCanceledException) when (system is null && stopping.IsCancellationRequested)
        {
            return 0; // stopped while it waited for the store
        }
        finally
        {
            // Requests and activities in flight write to the store until server and engine have stopped.
            await app.StopAsync();
            await (system?.DisposeAsync() ?? ValueTask.CompletedTask);
            await engine.DisposeAsync();
            store?.Dispose();
        }
    }

    /// <exception cref="StartException">No agent, or one whose model is not there.</exception>
    private static IReadOnlyList<AgentDefinition> Definitions(HostSettings settings, ModelCatalog models)
    {
        var definitions = AgentFolder.LoadAll(settings.Agents);
        if (definitions.Count == 0)
        {
            throw new StartException($"There is no agent in {Path.GetFullPath(settings.Agents)}. Create a folder with {AgentFolder.FileName} for each, or name another with --agents.");
        }

        foreach (var agent in definitions)
        {
            // Loads the rules of a scripted model too: one that cannot be read is a start error, not a run's.
            if (models.Find(agent) is null)
            {
                throw new StartException($"Agent '{agent.Name}' names the model '{agent.Model}', which is not configured. Configured: {string.Join(", ", models.Names)}. Name one of these, or add it under \"models\" in appsettings.json.");
            }
        }

        return definitions;
    }

    private static WebApplication Build(HostSettings settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        AddLogging(builder, settings);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = ApiOptions.DefaultBodyLimit;
            kestrel.Listen(settings.Host, settings.Port);
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        return builder.Build();
    }

    /// <summary>Puts the API behind the server.</summary>
    /// <returns>Called once the host takes work.</returns>
    private static Action Serve(WebApplication app, Func<AgentSystem> system, Func<string?> storeAway, ILoggerFactory loggers)
    {
        string? notReady = "The host is starting.";
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        app.Use(FromHere.CheckAsync);
        app.Run(HoldfastApi.Create(system, new ApiOptions
        {
            Identify = _ => LocalAdmin,
            NotReady = () => stopping.IsCancellationRequested ? "The host is stopping."
                : Volatile.Read(ref notReady) ?? (storeAway() is null ? null : "The store does not answer."),
            Stopping = stopping,
        }, loggers));
        return () => Volatile.Write(ref notReady, null);
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
        catch (SocketException e)
        {
            throw new StartException($"Nothing can listen on {new IPEndPoint(settings.Host, settings.Port)}: {e.Message}. Give another address with --host, or another port with --port.", StartException.Otherwise, e);
        }
    }

    private static void AddLogging(WebApplicationBuilder builder, HostSettings settings)
    {
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // a host that does not start says why itself, in a sentence
        if (settings.JsonLog)
        {
            builder.Logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"));
        }
        else
        {
            builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "HH:mm:ss "));
        }
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

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Agents;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Http;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Host.Local.Commands;
using Holdfast.Providers.Messaging;
using Holdfast.Providers.OpenAI;
using Holdfast.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Holdfast.Host.Local;

/// <summary>Agents on one machine: one process with the embedded engine. No container, no account.</summary>
public static class LocalHost
{
    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="args">See <see cref="HostSettings"/>; or a command (<see cref="Command"/>), which is run in place of the host.</param>
    /// <param name="configure">Adds the tools of the agents.</param>
    /// <returns>The exit code: 0 after a stop, 2 for wrong configuration, 1 otherwise.</returns>
    public static async Task<int> RunAsync(string[] args, Action<LocalHostBuilder> configure)
    {
        if (args.Any(arg => arg is "--help" or "-h"))
        {
            await Console.Out.WriteAsync($"{HostSettings.Help}{Environment.NewLine}{Command.Help}");
            return 0;
        }

        // Only the reader of a page has a culture; a log, a file or an answer never does.
        CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        HostSettings? settings = null;
        try
        {
            var (command, options) = CommandLine.Split(args);
            settings = HostSettings.Read(options);
            return command.Count > 0 ? await CommandLine.RunAsync(settings, command) : await RunAsync(settings, configure);
        }
        catch (Exception e)
        {
            var refusal = Explain(e);
            var message = refusal?.Message ?? $"The host has failed, and this is a fault of its code or its program's: {e}";
            await Console.Error.WriteLineAsync(settings?.Secrets.Redact(message) ?? message);
            return refusal?.ExitCode ?? StartException.Otherwise;
        }
    }

    private static StartException? Explain(Exception exception) => exception switch
    {
        StartException start => start,
        DefinitionException or ToolRefusedException or ModelSettingsException or MessagingSettingsException or SecretException => new StartException(exception.Message),
        DataDirectoryOwnedException or DatabaseException or StoresApartException or StoreRefusedException or StoreUnavailableException => new StartException(exception.Message, StartException.Otherwise),
        _ => null,
    };

    private static async Task<int> RunAsync(HostSettings settings, Action<LocalHostBuilder> configure)
    {
        var started = TimeProvider.System.GetTimestamp();
        var crash = new CrashAt(Environment.GetEnvironmentVariable("HOLDFAST_CRASH_AT"));
        var reach = Reach.Of(settings);
        var models = ConfiguredModels.Read(settings);
        var definitions = Definitions(settings);
        var (people, policies) = (ConfiguredPeople.Read(settings), ConfiguredPeople.Policies(settings));
        var channels = ConfiguredChannels.Read(settings);
        reach.CheckAddress(channels);
        var postgres = ConfiguredStore.Check(settings);
        var configured = ConfiguredLinkKeys.Check(settings);
        await using var app = Build(settings, reach);
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var logger = loggers.CreateLogger("Holdfast");

        var data = Path.GetFullPath(settings.Data);
        await using var engine = await HeldDirectory.UntilFreeAsync(() => Task.FromResult(EmbeddedEngine.Open(
            new EngineOptions { DataDirectory = data, ShutdownGrace = TimeSpan.FromSeconds(12), CrashPoint = crash.Reach }, loggers)));
        var links = configured ?? LinkKeyFile.Open(data, settings.Secrets);
        var host = new LocalHostBuilder(data, settings.Secrets);
        configure(host);
        var catalog = new AgentCatalog(definitions, host.Tools, models) { People = people, Policies = policies };
        PolicyCheck.Against(definitions, policies, people, catalog.Tools, channels);
        AgentStore? store = null;
        AgentSystem? system = null;
        var isReady = false;
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

        // A start waits for the store for as long as it takes: told to stop, it ends there, and the next start goes on.
        using var early = stopping.Register(() =>
        {
            if (!Volatile.Read(ref isReady))
            {
                store?.Dispose();
            }
        });
        try
        {
            // Listens first: who asks is told that it is not ready, for as long as the store is waited for.
            var ready = Serve(app, () => system!, () => store, reach, loggers);
            await ListenAsync(app, settings);
            store = await ConfiguredStore.OpenAsync(postgres, data, logger, stopping);
            stopping.ThrowIfCancellationRequested();
            await reach.CheckKeysAsync(store);
            await ConfiguredLinkKeys.CheckAsync(settings, store, links);
            var description = new HeldEngine(engine.Identity.Id, engine.Identity.Epoch, data, engine.AdvanceEpochAsync) { StoreData = store.Place };
            var options = new AgentOptions { Channels = channels, LinkKeys = links, Address = reach.Address, CrashPoint = crash.Reach, Redact = settings.Secrets.Redact };
            system = await AgentSystem.OpenAsync(store, description, catalog, options, loggers);
            await using var control = await ControlSocket.OpenAsync(data, words => Command.RunAsync(store, words, loggers), settings.Secrets, loggers);
            var registry = new DurableRegistry(StepJson.Default);
            system.Register(registry);
            await engine.StartAsync(registry);
            await system.StartAsync(engine.Client);
            Volatile.Write(ref isReady, true);
            ready();
            logger.LogInformation("Link keys: {Keys}. The first signs. Links lead to {Address}.", string.Join(", ", links.Ids), reach.Address);
            logger.LogInformation("People: {People}. Rules beside the agents: {Rules}. Channels: {Channels}.", people.All.Count, policies.Rules.Count,
                channels.Count == 0 ? "none" : string.Join(", ", channels.Select(channel => channel.Name)));
            logger.LogInformation("Ready at {Scheme}://{Address} after {Elapsed} ms. Agents: {Agents}. Model: {Model}. Data: {Data}. Store: {Store}", reach.Scheme, new IPEndPoint(settings.Host, settings.Port),
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
        catch (Exception e) when (!isReady && stopping.IsCancellationRequested && e is (OperationCanceledException or ObjectDisposedException or StoreUnavailableException))
        {
            return 0; // stopped while it waited for the store
        }
        finally
        {
            // Requests and activities in flight write to the store until server and engine have stopped.
            await app.StopAsync();
            if (store?.Away is not null)
            {
                store.Dispose(); // nothing more can be written; what waits to be is done again by the next start
            }

            await (system?.DisposeAsync() ?? ValueTask.CompletedTask);
            await engine.DisposeAsync();
            store?.Dispose();
        }
    }

    /// <exception cref="StartException">There is no agent.</exception>
    private static IReadOnlyList<AgentDefinition> Definitions(HostSettings settings) => AgentFolder.LoadAll(settings.Agents) is { Count: > 0 } definitions ? definitions
        : throw new StartException($"There is no agent in {Path.GetFullPath(settings.Agents)}. Create a folder with {AgentFolder.FileName} for each, or name another with --agents.");

    private static WebApplication Build(HostSettings settings, Reach reach)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        AddLogging(builder, settings);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = ApiOptions.DefaultBodyLimit;
            kestrel.Listen(settings.Host, settings.Port, reach.Secure);
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        return builder.Build();
    }

    /// <summary>Puts the API behind the server.</summary>
    /// <returns>Called once the host takes work.</returns>
    private static Action Serve(WebApplication app, Func<AgentSystem> system, Func<AgentStore?> store, Reach reach, ILoggerFactory loggers)
    {
        string? notReady = "The host is starting.";
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        reach.Admit(app);
        app.Run(HoldfastApi.Create(system, new ApiOptions
        {
            Identify = reach.Identify(() => store()!, loggers),
            NotReady = () => stopping.IsCancellationRequested ? "The host is stopping."
                : Volatile.Read(ref notReady) ?? (store()?.Away is null ? null : "The store does not answer."),
            MailOf = reach.IsOffLoopback ? null : AsMail,
            Stopping = stopping,
        }, loggers));
        return () => Volatile.Write(ref notReady, null);
    }

    private static (string Subject, string Text, string Html) AsMail(Message message)
    {
        var mail = MailContent.Of(message);
        return (mail.Subject, mail.Text, mail.Html);
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

        RedactedLoggers.Use(builder.Services, settings.Secrets);
    }
}

/// <summary>What a program adds to the host.</summary>
public sealed class LocalHostBuilder(string dataDirectory, SecretSource secrets)
{
    /// <summary>Where the host keeps everything; a tool may keep its own files there.</summary>
    public string DataDirectory { get; } = dataDirectory;

    /// <summary>A secret for a tool, by its name: from --secrets, or from HOLDFAST_SECRET_NAME.</summary>
    /// <exception cref="SecretException">There is none of this name, or its file is not only its owner's.</exception>
    public Secret Secret(string name) => secrets.Get(name);

    internal Toolbox Tools { get; private set; } = new([]);

    /// <summary>Adds the methods of these instances that are marked with [Tool].</summary>
    /// <exception cref="ToolRefusedException">One of them cannot be a tool.</exception>
    public LocalHostBuilder AddTools(params object[] instances)
    {
        Tools = Tools.And(Toolbox.From(instances));
        return this;
    }
}

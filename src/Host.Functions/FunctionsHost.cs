using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Holdfast.Agents;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Holdfast.Providers.Azure;
using Holdfast.Providers.OpenAI;
using Microsoft.ApplicationInsights.Extensibility;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Functions;

/// <summary>Agents as an Azure Durable Functions app, with their store in PostgreSQL.</summary>
public static class FunctionsHost
{
    private const int Configuration = 2;
    private const int Otherwise = 1;

    /// <summary>Runs until the platform stops the process.</summary>
    /// <param name="args">The program's own; the platform passes what the worker needs.</param>
    /// <param name="configure">Adds the tools of the agents, and orchestrators and activities of the program's own.</param>
    /// <returns>The exit code: 0 after a stop, 2 for wrong configuration, 1 otherwise.</returns>
    public static Task<int> RunAsync(string[] args, Action<FunctionsHostBuilder> configure) => RunAsync(args, configure, Console.Error);

    internal static async Task<int> RunAsync(string[] args, Action<FunctionsHostBuilder> configure, TextWriter errors)
    {
        // Only the reader of a page has a culture; a log, a file or an answer never does.
        CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
        var secrets = new SecretSource(null, Environment.GetEnvironmentVariable);
        try
        {
            await RunAsync(FunctionsApplication.CreateBuilder(args), configure, secrets);
            return 0;
        }
        catch (Exception e) when (e is StartException or DefinitionException or ToolRefusedException or ModelSettingsException or SecretException
            or StoreRefusedException or PlatformIdentityException)
        {
            await errors.WriteLineAsync(secrets.Redact(e.Message));
            return Configuration;
        }
        catch (Exception e)
        {
            await errors.WriteLineAsync(secrets.Redact($"The app has failed, and this is a fault of its code: {e}"));
            return Otherwise;
        }
    }

    /// <exception cref="StartException">Something may run on after its function has been ended.</exception>
    internal static void Check(Toolbox tools, ModelCatalog models, TimeSpan? functionTimeout)
    {
        var work = tools.Names.Select(name => ($"Tool '{name}'", Takes: tools.TryFind(name, out var tool) ? tool.Timeout : default))
            .Concat(models.Timeouts.Select(model => ($"A reply of model '{model.Key}'", model.Value)))
            .Append(("A stream of events", FunctionsRuntime.LongestStream));
        foreach (var (what, takes) in work)
        {
            if (FunctionTimeout.Refusal(what, takes, functionTimeout) is { } refusal)
            {
                throw new StartException(refusal);
            }
        }
    }

    /// <exception cref="StartException">host.json is missing, or says no time that can be used.</exception>
    internal static TimeSpan? TimeoutOf(string hostJson, IConfiguration settings)
    {
        try
        {
            if (settings["AzureFunctionsJobHost:functionTimeout"] is { Length: > 0 } set)
            {
                return FunctionTimeout.Parse(set);
            }

            using var host = JsonDocument.Parse(File.ReadAllText(hostJson), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return FunctionTimeout.Parse(TextOf(host.RootElement)
                ?? throw new StartException($"{hostJson} names no functionTimeout, and what it is then depends on the plan. Add \"functionTimeout\": \"00:30:00\"."));
        }
        catch (Exception e) when (e is IOException or JsonException or ArgumentException)
        {
            throw new StartException($"{hostJson} cannot be used: {e.Message}", e);
        }
    }

    /// <exception cref="ArgumentException">It is no text, or stands in no object.</exception>
    private static string? TextOf(JsonElement host) => host.ValueKind != JsonValueKind.Object ? throw new ArgumentException("it is no JSON object. Write {\"version\": \"2.0\", …}.")
        : !host.TryGetProperty("functionTimeout", out var timeout) || timeout.ValueKind == JsonValueKind.Null ? null
        : timeout.ValueKind == JsonValueKind.String ? timeout.GetString()
        : throw new ArgumentException($"functionTimeout is {timeout.GetRawText()}. Write it as text: \"00:30:00\", or \"-1\" for no bound.");

    private static async Task RunAsync(FunctionsApplicationBuilder builder, Action<FunctionsHostBuilder> configure, SecretSource secrets)
    {
        var settings = FunctionsSettings.Read(builder.Configuration);
        FunctionsIdentity.Check(settings);
        var models = Models(builder.Configuration, settings, secrets);
        var host = new FunctionsHostBuilder(secrets);
        configure(host);
        var functionTimeout = TimeoutOf(Path.Combine(AppContext.BaseDirectory, "host.json"), builder.Configuration);
        Check(host.Tools, models, functionTimeout);
        var channels = FunctionsChannels.Read(builder.Configuration, secrets);
        var links = FunctionsLinks.Keys(settings, channels, secrets);
        var catalog = Catalog(AppContext.BaseDirectory, host.Tools, models, channels);
        var postgres = FunctionsStore.Options(settings, secrets);
        var registry = host.Registry();
        var how = new AgentOptions { SweepEvery = null, Redact = secrets.Redact, Channels = channels, LinkKeys = links };
        how = settings.Address is { } address ? how with { Address = address } : how;

        builder.ConfigureFunctionsWebApplication();
        AddTelemetry(builder.Services, secrets);
        RedactedLoggers.Use(builder.Services, secrets);
        builder.Services.AddSingleton(services =>
        {
            var loggers = services.GetRequiredService<ILoggerFactory>();
            var logger = loggers.CreateLogger("Holdfast");
            var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            var opening = FunctionsStore.OpenAsync(postgres, logger, stopping);
            var agents = new AgentOpening(
                opening,
                async (store, client) =>
                {
                    await FunctionsLinks.CheckAsync(store, links);
                    return await AgentSystem.OpenAsync(store, FunctionsEngine.Describe(settings, store.Place, client), catalog, how, loggers);
                },
                (fact, cause) => End(fact, cause, logger, secrets, Console.Error, Environment.Exit, stopping),
                logger,
                TimeProvider.System,
                functionTimeout - FunctionTimeout.Margin ?? Timeout.InfiniteTimeSpan,
                stopping);
            var options = new ApiOptions
            {
                Identify = FunctionsIdentity.Of(settings, () => opening.Result, loggers),
                SignsInByKey = !settings.PlatformIdentifies,
                NotReady = () => stopping.IsCancellationRequested ? "The host is stopping." : null,
                Stopping = stopping,
            };
            return new FunctionsRuntime(registry, agents, options, secrets.Redact, loggers);
        });

        using var app = builder.Build();
        await CheckFunctionsAsync(app.Services.GetRequiredService<IFunctionMetadataProvider>(), app.Services.GetRequiredService<FunctionsRuntime>().Registry);
        await app.RunAsync();
    }

    /// <summary>What stands beside the program: agents, and people and policies where there are any.</summary>
    /// <exception cref="DefinitionException">It does not fit together.</exception>
    internal static AgentCatalog Catalog(string folder, Toolbox tools, ModelCatalog models, IReadOnlyList<IChannel> channels)
    {
        var agents = AgentFolder.LoadAll(Path.Combine(folder, "agents"));
        var people = PeopleFile.Load(Path.Combine(folder, PeopleFile.Name), mayBeMissing: true);
        var policies = PolicyFolder.Load(Path.Combine(folder, "policies"), mayBeMissing: true);
        var catalog = new AgentCatalog(agents, tools, models) { People = people, Policies = policies };
        PolicyCheck.Against(agents, policies, people, catalog.Tools, channels);
        return catalog;
    }

    private static ModelCatalog Models(IConfiguration configuration, FunctionsSettings settings, SecretSource secrets)
    {
        var models = ModelSettings.Read(configuration, secrets, identity: AzureIdentity.Managed(settings.Client));
        return models.Names.Count > 0 ? models : throw new StartException("""
            No model is configured. Choose one; the scripted model is refused here, because its answers must not reach customers:
              AZURE_OPENAI_ENDPOINT=https://NAME.openai.azure.com AZURE_OPENAI_DEPLOYMENT=…   the managed identity signs in, or AZURE_OPENAI_API_KEY=…
              OPENAI_API_KEY=…                                                                OpenAI (OPENAI_MODEL names the model, default gpt-5.4)
            """);
    }

    /// <exception cref="StartException">An orchestrator or activity that nothing in the app calls.</exception>
    private static async Task CheckFunctionsAsync(IFunctionMetadataProvider provider, DurableRegistry registry)
    {
        var functions = (await provider.GetFunctionMetadataAsync(AppContext.BaseDirectory)).Select(function => (function.Name!, TriggerOf(function))).ToList();
        var problems = FunctionNames.Problems(registry, functions).ToList();
        if (problems.Count > 0)
        {
            throw new StartException(string.Join(Environment.NewLine, problems));
        }
    }

    internal static string TriggerOf(IFunctionMetadata function)
    {
        foreach (var binding in function.RawBindings ?? [])
        {
            using var read = JsonDocument.Parse(binding);
            if (read.RootElement.GetProperty("type").GetString() is { } type && type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase))
            {
                return type;
            }
        }

        return "";
    }

    // One path: the worker reports what happens in here, the host its requests; nothing reports twice.
    internal static void AddTelemetry(IServiceCollection services, SecretSource secrets)
    {
        services.AddApplicationInsightsTelemetryWorkerService().ConfigureFunctionsApplicationInsights();
        services.AddSingleton<ITelemetryInitializer>(new RedactedTelemetry(secrets.Redact));
        services.Configure<LoggerFilterOptions>(options =>
        {
            // Its default drops everything below a warning, so that "Ready" would never be seen.
            foreach (var rule in options.Rules.Where(rule => rule.ProviderName == "Microsoft.Extensions.Logging.ApplicationInsights.ApplicationInsightsLoggerProvider").ToList())
            {
                options.Rules.Remove(rule);
            }
        });
    }

    internal static void End(
        string fact, Exception cause, ILogger logger, SecretSource secrets, TextWriter errors, Action<int> exit, CancellationToken stopping)
    {
        if (!stopping.IsCancellationRequested)
        {
            logger.LogCritical("{Fact}: {Message}", fact, cause.Message);
            errors.WriteLine(secrets.Redact($"{fact}: {cause.Message}"));
            exit(Otherwise);
        }
    }
}

/// <summary>What a program adds to the app.</summary>
public sealed class FunctionsHostBuilder(SecretSource secrets)
{
    private readonly List<Action<DurableRegistry>> added = [];
    private readonly List<IJsonTypeInfoResolver> json = [StepJson.Default];

    internal Toolbox Tools { get; private set; } = new([]);

    /// <summary>A secret for a tool, by its name: from HOLDFAST_SECRET_NAME, which in Azure may be a reference to a vault.</summary>
    /// <exception cref="SecretException">There is no such secret.</exception>
    public Secret Secret(string name) => secrets.Get(name);

    /// <summary>Adds the methods of these instances that are marked with [Tool].</summary>
    /// <exception cref="ToolRefusedException">One of them cannot be a tool.</exception>
    public FunctionsHostBuilder AddTools(params object[] instances)
    {
        Tools = Tools.And(Toolbox.From(instances));
        return this;
    }

    /// <summary>
    /// Adds orchestrators and activities of the program's own. Each needs a function besides, one line that calls <see cref="FunctionsRuntime"/>.
    /// </summary>
    /// <param name="types">Knows their inputs and results.</param>
    public FunctionsHostBuilder AddWorkflows(IJsonTypeInfoResolver types, Action<DurableRegistry> add)
    {
        json.Add(types);
        added.Add(add);
        return this;
    }

    internal DurableRegistry Registry()
    {
        var registry = new DurableRegistry(JsonTypeInfoResolver.Combine([.. json]), ForeignPayloads.Limit);
        added.ForEach(add => add(registry));
        return registry;
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Holdfast.Durable;

/// <summary>Every orchestrator and activity of a host, by name, and the types that pass between them. Names do not ignore case.</summary>
public sealed class DurableRegistry
{
    private readonly Dictionary<string, OrchestratorRegistration> orchestrators = [];
    private readonly Dictionary<string, ActivityRegistration> activities = [];

    /// <param name="json">Knows every input, result and event type; give it source-generated contexts.</param>
    /// <param name="payloadLimit">The largest payload in bytes of UTF-8 JSON; default 1 MiB.</param>
    public DurableRegistry(IJsonTypeInfoResolver json, int payloadLimit = Durable.Payloads.DefaultLimit)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, TypeInfoResolver = JsonTypeInfoResolver.Combine(PortJson.Default, json),
        };
        options.MakeReadOnly();
        Payloads = new Payloads(options, payloadLimit);
    }

    public Payloads Payloads { get; }

    public IReadOnlyDictionary<string, OrchestratorRegistration> Orchestrators => orchestrators;

    public IReadOnlyDictionary<string, ActivityRegistration> Activities => activities;

    /// <exception cref="ArgumentException">The name is taken.</exception>
    public DurableRegistry AddOrchestrator<TInput, TOutput>(string name, Func<IOrchestrator<TInput, TOutput>> create)
    {
        orchestrators.Add(name, new OrchestratorRegistration(name, async (context, input) =>
        {
            var output = await create().RunAsync(context, Payloads.Read<TInput>(input));
            return Payloads.Write(output, $"The output of orchestrator '{name}'");
        }));
        return this;
    }

    /// <exception cref="ArgumentException">The name is taken.</exception>
    public DurableRegistry AddActivity<TInput, TOutput>(string name, Func<IActivity<TInput, TOutput>> create)
    {
        activities.Add(name, new ActivityRegistration(name, async (context, input) =>
        {
            var output = await create().RunAsync(context, Payloads.Read<TInput>(input));
            return Payloads.Write(output, $"The result of activity '{name}'");
        }));
        return this;
    }
}

/// <summary>An orchestrator as engines see it: JSON in, JSON out.</summary>
public sealed record OrchestratorRegistration(string Name, Func<OrchestrationContext, string?, Task<string?>> Run);

/// <summary>An activity as engines see it: JSON in, JSON out.</summary>
public sealed record ActivityRegistration(string Name, Func<ActivityContext, string?, Task<string?>> Run);

[JsonSerializable(typeof(Nothing))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(FailureDetails))]
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
internal sealed partial class PortJson : JsonSerializerContext;

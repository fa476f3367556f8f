using System.Reflection;
using Holdfast.Durable;

namespace Holdfast.Agents.Engines;

/// <summary>An engine as the agent store has to know it: a <see cref="HeldEngine"/> or a <see cref="SharedEngine"/>.</summary>
/// <param name="Id">The engine's own id, for life.</param>
/// <param name="Location">Where it keeps its data, for people.</param>
public abstract record EngineDescription(string Id, string Location)
{
    /// <summary>What messages call the engine's own data, with the setting that names it where one does.</summary>
    public abstract string EngineData { get; init; }

    /// <summary>What messages call the agent store, likewise.</summary>
    public abstract string StoreData { get; init; }

    /// <summary>The release of this host, for the list of engines; by default that of this assembly.</summary>
    public string Version { get; init; } =
        typeof(EngineDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
}

/// <summary>An engine that one process at a time serves: the embedded one.</summary>
/// <param name="Epoch">How often the engine has been started, by its own count.</param>
/// <param name="AdvanceEpochAsync">Adds one to the engine's own count.</param>
public sealed record HeldEngine(string Id, long Epoch, string Location, Func<Task> AdvanceEpochAsync) : EngineDescription(Id, Location)
{
    /// <summary>Default: engine.db.</summary>
    public override string EngineData { get; init; } = "engine.db";

    /// <summary>Default: agents.db.</summary>
    public override string StoreData { get; init; } = "agents.db";
}

/// <summary>
/// An engine that any number of processes of one app serve at once: a task hub. Nobody holds it, and only its retirement bars it. It keeps its
/// count of epochs in itself, as instances of <see cref="EngineMark"/>.
/// </summary>
/// <param name="Id">The same in every process of the app, and another for every task hub: made of where the hub is and what it is called.</param>
/// <param name="Client">Reaches the hub.</param>
public sealed record SharedEngine(string Id, string Location, IOrchestrationClient Client) : EngineDescription(Id, Location)
{
    public required override string EngineData { get; init; }

    public required override string StoreData { get; init; }
}

/// <summary>The two stores do not belong together: one of them was restored, moved or replaced without the other; or the engine was retired.</summary>
public sealed class StoresApartException(string message) : Exception(message);

using System.Text.Json.Serialization;

namespace Holdfast.Agents.Runs;

/// <summary>A run as the engine knows it: references and decisions, never what was said.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Generation">Grows when a person's retry gives the run a new engine instance.</param>
/// <param name="Turn">The turn that this instance, or this generation of its history, begins with.</param>
public sealed record RunRef(string Run, int Generation, int Turn);

/// <summary>A tool call as the engine knows it.</summary>
public sealed record CallStep(string Run, int Generation, int Turn, int Index);

/// <summary>An approval as the engine knows it.</summary>
public sealed record AskingStep(string Run, int Generation, string Approval);

/// <summary>A message as the engine knows it.</summary>
public sealed record MessageStep(string Message);

/// <summary>What the loop is to do next.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Next>))]
public enum Next
{
    /// <summary>Go on: the step is settled.</summary>
    Go,

    /// <summary>Wait until something changes, or until a time, then ask again.</summary>
    Wait,

    /// <summary>Wait for a person's word on an approval.</summary>
    Ask,

    /// <summary>The run's end is decided: close it.</summary>
    Close,
}

/// <summary>What a step answers.</summary>
/// <param name="Until">For <see cref="Next.Wait"/>: when to look again at the latest; null for only when told.</param>
/// <param name="Asking">For <see cref="Next.Ask"/>: whose word.</param>
/// <param name="Calls">For a turn: the calls that are not settled yet, in the model's order.</param>
public sealed record StepAnswer(Next Next)
{
    public static readonly StepAnswer Go = new(Next.Go);
    public static readonly StepAnswer Close = new(Next.Close);

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? Until { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Asking? Asking { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PlannedCall>? Calls { get; init; }

    public static StepAnswer WaitFor(long? untilTicks = null) => new(Next.Wait) { Until = Times.Utc(untilTicks) };

    /// <param name="asking">Whose word; null for that of the asking which is being settled.</param>
    public static StepAnswer Ask(Asking? asking = null) => new(Next.Ask) { Asking = asking };
}

/// <summary>A call that is to be resolved.</summary>
/// <param name="Ordered">It has an effect, so it keeps the model's order; others run side by side.</param>
public sealed record PlannedCall(int Index, bool Ordered, Asking? Asking);

/// <summary>An open round of an approval or question.</summary>
/// <param name="Due">When something is to happen to it by itself; null for never.</param>
public sealed record Asking(string Id, [property: JsonPropertyName("expires")] DateTime? Due);

/// <summary>Every type that passes through the engine.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunRef))]
[JsonSerializable(typeof(CallStep))]
[JsonSerializable(typeof(AskingStep))]
[JsonSerializable(typeof(MessageStep))]
[JsonSerializable(typeof(StepAnswer))]
[JsonSerializable(typeof(DateTime?))]
public sealed partial class StepJson : JsonSerializerContext;

using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Durable.Adapting;

/// <summary>
/// The input of an orchestrator on another engine: what the port needs to know of earlier generations, and the input itself.
/// </summary>
/// <param name="Format">The form of this envelope; 0 when it is none.</param>
/// <param name="Input">What the code is given.</param>
public sealed record InstanceEnvelope(
    [property: JsonPropertyName("holdfast")] int Format,
    [property: JsonPropertyName("input")] RawJson Input)
{
    public const int CurrentFormat = 1;

    /// <summary>The steps of earlier generations; their count goes on.</summary>
    [JsonPropertyName("steps")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Steps { get; init; }

    /// <summary>The latest time that earlier generations have seen, in UTC ticks; 0 in the first.</summary>
    [JsonPropertyName("latest")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Latest { get; init; }

    /// <summary>Events that reached an earlier generation and that nobody read, oldest first.</summary>
    [JsonPropertyName("held")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<HeldEvent>? Held { get; init; }

    public static InstanceEnvelope Of(string? input) => new(CurrentFormat, new RawJson(input));

    /// <summary>The envelope, if this release reads it.</summary>
    /// <exception cref="ArgumentException">It is none, or one of a newer release.</exception>
    public static InstanceEnvelope Checked(InstanceEnvelope? envelope, string instanceId) => envelope?.Format switch
    {
        CurrentFormat => envelope,
        null or 0 => throw new ArgumentException($"Instance '{instanceId}' was not started by Holdfast's client: its input is not in Holdfast's envelope. Start it through IOrchestrationClient."),
        var format => throw new ArgumentException($"The input of instance '{instanceId}' has format {format}, from a newer Holdfast; this one reads {CurrentFormat}. Run the newer one."),
    };

    /// <summary>The input that the code was given, of an input as the engine keeps it.</summary>
    public static string? Unwrapped(string? json)
    {
        if (json is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(json);
        return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("holdfast", out _) && root.TryGetProperty("input", out var input)
            ? RawJson.Shown(input.GetRawText()) : json;
    }

    /// <summary>This envelope, if the engine carries it.</summary>
    /// <exception cref="PayloadTooLargeException">The events that nobody has read make it too large.</exception>
    internal InstanceEnvelope Fitting(string orchestrator)
    {
        var size = Held is not { Count: > 0 } ? 0
            : Encoding.UTF8.GetByteCount(Input.ToString()) + Held.Sum(held => Encoding.UTF8.GetByteCount(held.Payload.ToString()) + Encoding.UTF8.GetByteCount(held.Name));
        return size <= ForeignPayloads.Largest ? this
            : throw new PayloadTooLargeException($"The new input of orchestrator '{orchestrator}' with {Held!.Count} events that nobody has read", size, ForeignPayloads.Largest);
    }
}

/// <summary>An event that came and was not read.</summary>
public sealed record HeldEvent([property: JsonPropertyName("name")] string Name, [property: JsonPropertyName("payload")] RawJson Payload);

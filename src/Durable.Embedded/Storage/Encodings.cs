using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Durable.Embedded.Storage;

/// <summary>A child's id and input in one payload: the id up to the first line break, then the input.</summary>
internal static class ChildCall
{
    public static string Format(string id, string? input) => input is null ? id : $"{id}\n{input}";

    public static (string Id, string? Input) Parse(string payload)
    {
        var end = payload.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? (payload, null) : (payload[..end], payload[(end + 1)..]);
    }
}

/// <summary>A sent event in one row: its name in the name, target and payload in the payload.</summary>
internal static class SentEvent
{
    public static HistoryRow Row(long step, long at, string target, string name, string? payload) =>
        new(RowKind.EventSent, step, at, name, ChildCall.Format(target, payload));

    public static (string Target, string Name, string? Payload) Parse(in HistoryRow row)
    {
        var (target, payload) = ChildCall.Parse(row.Payload!);
        return (target, row.Name!, payload);
    }
}

/// <summary>A failure as the payload of a row, or as the cause of a pause.</summary>
internal static class FailureJson
{
    public static string Write(FailureDetails failure) => JsonSerializer.Serialize(failure, EngineJson.Default.FailureDetails);

    public static FailureDetails Read(string json) => JsonSerializer.Deserialize(json, EngineJson.Default.FailureDetails)!;
}

[JsonSerializable(typeof(FailureDetails))]
internal sealed partial class EngineJson : JsonSerializerContext;

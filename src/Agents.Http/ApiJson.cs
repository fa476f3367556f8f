using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Runs;

namespace Holdfast.Agents.Http;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(RunReceipt))]
[JsonSerializable(typeof(RunPage))]
[JsonSerializable(typeof(ApprovalView))]
[JsonSerializable(typeof(ApprovalPage))]
[JsonSerializable(typeof(PolicyExplanation))]
[JsonSerializable(typeof(TranscriptAnswer))]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Health))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>As answers are written: times in UTC with a Z, quotes as quotes. They leave as JSON that no browser sniffs, so nothing needs HTML escapes.</summary>
    public static ApiJson Answers { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new UtcTime() },
    });

    private sealed class UtcTime : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}

/// <summary>A run with the addresses of what belongs to it.</summary>
internal sealed record RunAnswer : RunView
{
    [SetsRequiredMembers]
    private RunAnswer(RunView run)
        : base(run) => Links = RunLinks.Of(run.Id);

    [JsonPropertyOrder(1)]
    public RunLinks Links { get; }

    public static RunAnswer Of(RunView run) => new(run);
}

/// <summary>What who may not read a run is shown of it.</summary>
internal sealed record RunReceipt(string Id, string Status, RunLinks Links)
{
    public static RunReceipt Of(RunView run) => new(run.Id, run.Status, RunLinks.Of(run.Id));
}

internal sealed record RunLinks(string Self, string Transcript, string Events)
{
    public static RunLinks Of(string id) => new($"/api/runs/{id}", $"/api/runs/{id}/transcript", $"/api/runs/{id}/events");
}

internal sealed record RunPage(IReadOnlyList<RunAnswer> Items, string? NextCursor);

internal sealed record ApprovalPage(IReadOnlyList<ApprovalView> Items, string? NextCursor);

internal sealed record TranscriptAnswer(IReadOnlyList<TranscriptEntry> Items);

internal sealed record Health(string Status, string? Detail = null);

using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Wording;

namespace Holdfast.Providers.Messaging;

/// <summary>What a webhook is sent.</summary>
/// <param name="Type">approval.requested, approval.reminded, approval.escalated or approval.decided.</param>
/// <param name="Timestamp">When it came about, however late it is sent.</param>
internal sealed record WebhookBody(string Type, DateTimeOffset Timestamp, WebhookData Data)
{
    private const int LargestArguments = 64 * 1024;

    public static byte[] Of(Message message) => JsonSerializer.SerializeToUtf8Bytes(new WebhookBody(
        message.Kind switch
        {
            MessageKind.Request => "approval.requested",
            MessageKind.Reminder => "approval.reminded",
            MessageKind.Escalation => "approval.escalated",
            _ => "approval.decided",
        },
        message.At.ToUniversalTime(),
        new(message.Link.AbsoluteUri, [.. message.To.Select(person => person.Id)], [.. message.Items.Select(Item)])), WebhookJson.Default.WebhookBody);

    private static WebhookItem Item(MessageItem item) => new(item.Approval, item.Kind, item.Agent, item.Tool, item.RequestedBy, new(item.Stage, item.Stages))
    {
        Description = Template.ParseOrNull(item.Describe) is null ? null : Told.SentenceOf(item, Reader.Neutral).Line(),
        Arguments = item.Arguments.GetRawText().Length <= LargestArguments ? item.Arguments : null,
        ExpiresAt = item.ExpiresAt?.ToUniversalTime(),
        Outcome = item.Outcome,
    };
}

/// <param name="Link">Where a person looks and decides, after they have signed in.</param>
/// <param name="People">The ids of those who are asked.</param>
internal sealed record WebhookData(string Link, IReadOnlyList<string> People, IReadOnlyList<WebhookItem> Items);

/// <param name="Kind">approval, question or inDoubt.</param>
internal sealed record WebhookItem(string Approval, string Kind, string Agent, string Tool, string RequestedBy, WebhookStage Stage)
{
    /// <summary>The tool's own words.</summary>
    public string? Description { get; init; }

    /// <summary>Left out where they are larger than 64 K characters; the API has them.</summary>
    public JsonElement? Arguments { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public string? Outcome { get; init; }
}

internal sealed record WebhookStage(int Number, int Of);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WebhookBody))]
internal sealed partial class WebhookJson : JsonSerializerContext;

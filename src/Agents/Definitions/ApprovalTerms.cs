using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Holdfast.Agents.Definitions;

/// <summary>An approval as all rules together ask for it: each as strict on every point as the strictest of them.</summary>
public sealed record ApprovalTerms
{
    internal static TimeSpan ShortestTime => TimeSpan.FromMinutes(1);

    internal static TimeSpan LongestTime => TimeSpan.FromDays(365);

    /// <summary>What holds where no rule says anything: one who may approve and has not asked for the run, within three days.</summary>
    public static ApprovalTerms Default { get; } = new();

    /// <summary>Who decides, in this order; never empty.</summary>
    public IReadOnlyList<ApprovalStage> Stages { get; init; } = [ApprovalStage.Default];

    /// <inheritdoc cref="ApprovalAsk.RequesterMayDecide"/>
    public bool RequesterMayDecide { get; init; }

    /// <inheritdoc cref="ApprovalAsk.Expires"/>
    public TimeSpan Expires { get; init; } = TimeSpan.FromDays(3);

    public OnExpire OnExpire { get; init; } = OnExpire.Reject;

    public OnReject OnReject { get; init; } = OnReject.Continue;

    /// <inheritdoc cref="ApprovalAsk.Identity"/>
    public LinkIdentity Identity { get; init; } = LinkIdentity.Link;

    /// <inheritdoc cref="ApprovalAsk.Confirm"/>
    public LinkConfirm Confirm { get; init; } = LinkConfirm.Code;

    /// <inheritdoc cref="ApprovalAsk.Reminders"/>
    public IReadOnlyList<TimeSpan> Reminders { get; init; } = [];

    public Escalation? Escalation { get; init; }

    /// <summary>By which channels people are told, in this order; empty for those of the host, in its order.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];

    /// <summary>Which arguments a person may change before the call runs.</summary>
    public IReadOnlyList<string> Edit { get; init; } = [];

    /// <inheritdoc cref="ApprovalAsk.ValidFor"/>
    public TimeSpan? ValidFor { get; init; }

    /// <inheritdoc cref="ApprovalAsk.By"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [SuppressMessage("Design", "CA1044:Properties should not be write only", Justification = "Read from what is stored, never written.")]
    public IReadOnlyList<string>? By
    {
        init => Stages = value is null ? Stages : [new ApprovalStage(value)];
    }

    /// <summary>
    /// All of these at once. Every rule's stages have to be passed; on every other point the strictest holds, and what only one of them speaks of
    /// holds as it says.
    /// </summary>
    /// <param name="asks">In the order in which their stages follow each other.</param>
    public static ApprovalTerms Of(IReadOnlyList<ApprovalAsk> asks)
    {
        var silent = Default;
        var escalations = asks.Select(ask => ask.Escalation).OfType<Escalation>().ToList();
        return new()
        {
            Stages = [.. Rules(asks).SelectMany((stages, rule) => stages.Select(stage => stage with { Rule = rule }))],
            RequesterMayDecide = Said(asks, ask => ask.RequesterMayDecide) is { Count: > 0 } may ? may.All(yes => yes) : silent.RequesterMayDecide,
            Expires = Said(asks, ask => ask.Expires) is { Count: > 0 } times ? times.Min() : silent.Expires,
            OnExpire = Said(asks, ask => ask.OnExpire) is { Count: > 0 } ends ? ends.Max() : silent.OnExpire,
            OnReject = Said(asks, ask => ask.OnReject) is { Count: > 0 } ends2 ? ends2.Max() : silent.OnReject,
            Identity = Said(asks, ask => ask.Identity) is { Count: > 0 } ways ? ways.Max() : silent.Identity,
            Confirm = Said(asks, ask => ask.Confirm) is { Count: > 0 } confirms ? confirms.Max() : silent.Confirm,
            Reminders = [.. asks.SelectMany(ask => ask.Reminders ?? []).Distinct().Order()],
            Escalation = escalations.Count == 0 ? null : escalations.Aggregate(Narrower),
            Channels = asks.Select(ask => ask.Channels).OfType<IReadOnlyList<string>>().Aggregate((IReadOnlyList<string>?)null, Both) ?? silent.Channels,
            Edit = asks.Select(ask => ask.Edit).OfType<IReadOnlyList<string>>().Aggregate((IReadOnlyList<string>?)null, Both) ?? silent.Edit,
            ValidFor = Said(asks, ask => ask.ValidFor) is { Count: > 0 } spans ? spans.Min() : silent.ValidFor,
        };
    }

    // Two rules that ask for the same are one; where none asks for anybody, it is the default.
    private static List<IReadOnlyList<ApprovalStage>> Rules(IReadOnlyList<ApprovalAsk> asks)
    {
        List<IReadOnlyList<ApprovalStage>> rules = [];
        foreach (var stages in asks.Select(ask => ask.Stages).OfType<IReadOnlyList<ApprovalStage>>())
        {
            if (!rules.Any(rule => rule.Count == stages.Count && rule.Zip(stages).All(pair => Same(pair.First, pair.Second))))
            {
                rules.Add(stages);
            }
        }

        return rules.Count > 0 ? rules : [Default.Stages];
    }

    private static bool Same(ApprovalStage one, ApprovalStage other) => one.Of == other.Of && one.By.Order(StringComparer.Ordinal).SequenceEqual(other.By.Order(StringComparer.Ordinal));

    private static List<T> Said<T>(IReadOnlyList<ApprovalAsk> asks, Func<ApprovalAsk, T?> point)
        where T : struct => [.. asks.Select(point).OfType<T>()];

    // An escalation lets others in: both have to let them.
    private static Escalation Narrower(Escalation one, Escalation other) => new(Both(one.To, other.To), one.After is null || other.After is null ? null : one.After > other.After ? one.After : other.After);

    private static IReadOnlyList<string> Both(IReadOnlyList<string>? one, IReadOnlyList<string> other) =>
        one is null ? other : [.. one.Intersect(other, StringComparer.Ordinal)];
}

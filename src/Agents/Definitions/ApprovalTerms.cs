using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Holdfast.Agents.Definitions;

/// <summary>An approval as all rules together ask for it: each as strict on every point as the strictest of them. What a host of before has stored says nothing of some points.</summary>
public sealed record ApprovalTerms
{
    internal static TimeSpan ShortestTime => TimeSpan.FromMinutes(1);

    internal static TimeSpan LongestTime => TimeSpan.FromDays(365);

    /// <summary>What holds where no rule says anything: one who may approve and has not asked for the run, within three days.</summary>
    public static ApprovalTerms Default { get; } = new();

    /// <summary>Who decides, in this order; never empty.</summary>
    public IReadOnlyList<ApprovalStage> Stages { get; init => field = value ?? [ApprovalStage.Default]; } = [ApprovalStage.Default];

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
    public IReadOnlyList<TimeSpan> Reminders { get; init => field = value ?? []; } = [];

    /// <summary>Who may decide in place of those of a rule's stages, too, and from when on: in the order of their times, those at the expiry last.</summary>
    public IReadOnlyList<RuleEscalation> Escalations { get; init => field = value ?? []; } = [];

    /// <summary>By which channels people are told, in this order; empty for those of the host, in its order.</summary>
    public IReadOnlyList<string> Channels { get; init => field = value ?? []; } = [];

    /// <summary>Which arguments a person may change before the call runs.</summary>
    public IReadOnlyList<string> Edit { get; init => field = value ?? []; } = [];

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
    /// All of these at once. Every rule's stages have to be passed, and its escalation is of its own stages; on every other point the strictest holds, and what
    /// only one of them speaks of holds as it says.
    /// </summary>
    /// <param name="asks">In the order in which their stages follow each other.</param>
    public static ApprovalTerms Of(IReadOnlyList<ApprovalAsk> asks)
    {
        var silent = Default;
        var rules = Rules(asks);
        return new()
        {
            Stages = [.. rules.SelectMany((ask, rule) => ask.Stages!.Select(stage => stage with { Rule = rule }))],
            Escalations =
            [
                .. rules.SelectMany((ask, rule) => ask.Escalation is { To.Count: > 0 } to ? [new RuleEscalation(rule, to.To, to.After)] : Array.Empty<RuleEscalation>())
                    .OrderBy(one => one.After ?? TimeSpan.MaxValue),
            ],
            RequesterMayDecide = Said(asks, ask => ask.RequesterMayDecide) is { Count: > 0 } may ? may.All(yes => yes) : silent.RequesterMayDecide,
            Expires = Said(asks, ask => ask.Expires) is { Count: > 0 } times ? times.Min() : silent.Expires,
            OnExpire = Said(asks, ask => ask.OnExpire) is { Count: > 0 } ends ? ends.Max() : silent.OnExpire,
            OnReject = Said(asks, ask => ask.OnReject) is { Count: > 0 } ends2 ? ends2.Max() : silent.OnReject,
            Identity = Said(asks, ask => ask.Identity) is { Count: > 0 } ways ? ways.Max() : silent.Identity,
            Confirm = Said(asks, ask => ask.Confirm) is { Count: > 0 } confirms ? confirms.Max() : silent.Confirm,
            Reminders = [.. asks.SelectMany(ask => ask.Reminders ?? []).Distinct().Order()],
            Channels = asks.Select(ask => ask.Channels).OfType<IReadOnlyList<string>>().Aggregate((IReadOnlyList<string>?)null, Shared) ?? silent.Channels,
            Edit = asks.Select(ask => ask.Edit).OfType<IReadOnlyList<string>>().Aggregate((IReadOnlyList<string>?)null, Both) ?? silent.Edit,
            ValidFor = Said(asks, ask => ask.ValidFor) is { Count: > 0 } spans ? spans.Min() : silent.ValidFor,
        };
    }

    /// <summary>
    /// These, and what policies ask beside them. What the agent's own rules leave unsaid is what holds by itself: a policy can only ask for more.
    /// </summary>
    public static ApprovalTerms Of(IReadOnlyList<ApprovalAsk> own, IReadOnlyList<ApprovalAsk> beside)
    {
        if (own.Count == 0 || beside.Count == 0)
        {
            return Of([.. own, .. beside]);
        }

        var said = Of(own);
        return Of([.. own, .. beside, new ApprovalAsk
        {
            RequesterMayDecide = said.RequesterMayDecide, Expires = said.Expires, OnExpire = said.OnExpire, OnReject = said.OnReject, Identity = said.Identity, Confirm = said.Confirm,
            Edit = said.Edit,
        }]);
    }

    // Two rules that ask for the same are one, unless others may decide in place of those of one of them; where none asks for anybody, it is the default.
    private static List<ApprovalAsk> Rules(IReadOnlyList<ApprovalAsk> asks)
    {
        List<ApprovalAsk> rules = [];
        foreach (var ask in asks.Where(ask => ask.Stages is not null))
        {
            if (!rules.Any(rule => rule.Stages!.Count == ask.Stages!.Count && rule.Stages.Zip(ask.Stages).All(pair => Same(pair.First, pair.Second)) && Same(rule.Escalation, ask.Escalation)))
            {
                rules.Add(ask);
            }
        }

        return rules.Count > 0 ? rules : [new ApprovalAsk { Stages = Default.Stages, Escalation = asks.Select(ask => ask.Escalation).FirstOrDefault(one => one is not null) }];
    }

    private static bool Same(Escalation? one, Escalation? other) =>
        one is null ? other is null : other is not null && one.After == other.After && one.To.Order(StringComparer.Ordinal).SequenceEqual(other.To.Order(StringComparer.Ordinal));

    private static bool Same(ApprovalStage one, ApprovalStage other) => one.Of == other.Of && one.By.Order(StringComparer.Ordinal).SequenceEqual(other.By.Order(StringComparer.Ordinal));

    private static List<T> Said<T>(IReadOnlyList<ApprovalAsk> asks, Func<ApprovalAsk, T?> point)
        where T : struct => [.. asks.Select(point).OfType<T>()];

    // Where they have none in common, those of the first: none at all would mean all of the host's.
    private static IReadOnlyList<string> Shared(IReadOnlyList<string>? one, IReadOnlyList<string> other) => Both(one, other) is { Count: > 0 } both ? both : one ?? other;

    private static IReadOnlyList<string> Both(IReadOnlyList<string>? one, IReadOnlyList<string> other) =>
        one is null ? other : [.. one.Intersect(other, StringComparer.Ordinal)];
}

/// <summary>Others may decide, too, in place of those of one rule's stages.</summary>
/// <param name="Rule">Which, as <see cref="ApprovalStage.Rule"/> has it.</param>
/// <param name="After">From the opening of the approval; null for at its expiry.</param>
public sealed record RuleEscalation(int Rule, IReadOnlyList<string> To, TimeSpan? After);

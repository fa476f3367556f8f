using System.Text.RegularExpressions;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Definitions;

/// <summary>An item of <c>approvals:</c> as a rule. What it does not say stays unsaid: <see cref="ApprovalTerms"/> knows what holds then.</summary>
/// <param name="lines">Gets the line of each part that a check may find fault with.</param>
internal sealed partial class RuleReader(string file, Dictionary<string, int> lines)
{
    private const string User = "user:";
    private const int MostStages = 10;
    private const int MostPeople = 20;
    private const int MostReminders = 10;

    private static readonly string[] Terms =
        ["stages", "requester", "expires", "onExpire", "onReject", "identity", "confirm", "reminders", "escalate", "channels", "edit", "validFor"];

    private readonly DefinitionSource source = new(file, lines);

    /// <summary>A rule of an agent: about a tool or a risk.</summary>
    public ApprovalRule Read(YamlNode node, string place)
    {
        var keys = Keys(node, place, "none");
        var rule = About(keys, place);
        return rule.Tool is null && rule.Risk is null
            ? throw keys.Fault(node, $"{place}: neither tool nor risk is given. Say which calls it is about.")
            : keys.Flag("none", otherwise: false) ? Free(keys, rule) : rule with { Ask = Ask(keys) };
    }

    /// <summary>A rule beside the agents: about a tool, a risk or arguments; it can only ask.</summary>
    /// <param name="name">How it is called, by its line.</param>
    public ApprovalRule ReadPolicy(YamlNode node, string place, Func<int, string> name)
    {
        if (node is YamlMapping mapping && mapping.Entries.FirstOrDefault(entry => entry.Key.Text == "none") is { } none)
        {
            throw new DefinitionException(file, none.Key.Line, $"{place}.none: a policy can only ask for more than an agent does. Remove it, and let the agent's own rule pass the call.");
        }

        var keys = Keys(node, place);
        var rule = About(keys, place);
        return rule.Tool is null && rule.Risk is null && rule.When.Count == 0
            ? throw keys.Fault(node, $"{place}: neither tool, risk nor when is given. Say which calls it is about.")
            : rule with { Ask = Ask(keys), Name = name(node.Line) };
    }

    private YamlKeys Keys(YamlNode node, string place, params string[] more)
    {
        lines[place] = node.Line;
        return new(file, node, place, ["tool", "risk", "when", .. more, .. Terms]);
    }

    private ApprovalRule About(YamlKeys keys, string place)
    {
        var risk = keys.Choice<Effect?>("risk", null, ("write", Effect.Write), ("external", Effect.External));
        if (risk is not null && keys.KeyOf("tool") is { } tool)
        {
            throw keys.Fault(tool, $"{keys.Place("tool")}: not possible beside risk, which a tool has by itself. Remove one of them.");
        }

        var when = keys.Find("when") is { } conditions ? new ConditionReader(file, lines).Read(conditions, keys.Place("when")) : [];
        return new(keys.Find("tool") is null ? null : keys.Text("tool"), when, null) { Risk = risk, Source = new(source, place) };
    }

    // `none` beside terms of an approval would leave open which of the two was meant.
    private static ApprovalRule Free(YamlKeys keys, ApprovalRule rule)
    {
        foreach (var key in Terms)
        {
            if (keys.KeyOf(key) is { } at)
            {
                throw keys.Fault(at, $"{keys.Place(key)}: not possible beside none: true, which asks nobody. Remove one of them.");
            }
        }

        return rule.Tool == Question.ToolName
            ? throw keys.Fault(keys.KeyOf("none")!, $"{keys.Place("none")}: {Question.ToolName} asks a person by its nature. Leave the rule out, or say whom it asks.")
            : rule;
    }

    private ApprovalAsk Ask(YamlKeys keys)
    {
        var ask = new ApprovalAsk
        {
            Stages = Stages(keys),
            RequesterMayDecide = keys.Choice<bool?>("requester", null, ("allowed", true), ("denied", false)),
            Expires = Time(keys, "expires"),
            OnExpire = keys.Choice<OnExpire?>("onExpire", null, ("reject", OnExpire.Reject), ("end", OnExpire.End), ("escalate", OnExpire.Escalate)),
            OnReject = keys.Choice<OnReject?>("onReject", null, ("continue", OnReject.Continue), ("end", OnReject.End)),
            Identity = keys.Choice<LinkIdentity?>("identity", null, ("link", LinkIdentity.Link), ("signedIn", LinkIdentity.SignedIn)),
            Confirm = keys.Choice<LinkConfirm?>("confirm", null, ("code", LinkConfirm.Code), ("click", LinkConfirm.Click)),
            Channels = ChannelsOf(keys),
            Edit = Names(keys, "edit", static (keys, node, place) => keys.Text(node, place)),
            ValidFor = Time(keys, "validFor"),
        };
        var end = ask.Expires ?? ApprovalTerms.Default.Expires;
        return ask with { Reminders = Reminders(keys, end), Escalation = Escalation(keys, ask.OnExpire, end) };
    }

    private static TimeSpan? Time(YamlKeys keys, string key) =>
        keys.Find(key) is null ? null : keys.Time(key, default, ApprovalTerms.ShortestTime, ApprovalTerms.LongestTime);

    private List<ApprovalStage>? Stages(YamlKeys keys)
    {
        if (keys.Find("stages") is not { } at)
        {
            return null;
        }

        var stages = keys.List("stages").Select(one => Stage(one.Node, one.Place)).ToList();
        return stages.Count is >= 1 and <= MostStages ? stages
            : throw keys.Fault(at, $"{keys.Place("stages")}: {stages.Count} stages. List 1 to {MostStages}, in the order in which they decide, or leave it out for one of role:approve.");
    }

    private ApprovalStage Stage(YamlNode node, string place)
    {
        var keys = new YamlKeys(file, node, place, "by", "of");
        lines[place] = node.Line;
        return new(keys.Find("by") is null ? ApprovalStage.Default.By : Who(keys, "by"), keys.Number("of", 1, 1, MostPeople));
    }

    private List<string> Who(YamlKeys keys, string key) => Names(keys, key, Selector) is { Count: > 0 } who ? who
        : throw keys.Fault(keys.Require(key), $"{keys.Place(key)}: nobody is listed. Write for example ['role:approve'].");

    private List<string>? ChannelsOf(YamlKeys keys) => Names(keys, "channels", Channel) is var channels && channels is not [] ? channels
        : throw keys.Fault(keys.Require("channels"), $"{keys.Place("channels")}: none is listed. Leave it out for all that the host has, or list some of: {string.Join(", ", ChannelNames.All)}.");

    private static string Selector(YamlKeys keys, YamlNode node, string place)
    {
        var text = keys.Text(node, place);
        return !Selectors().IsMatch(text)
            ? throw keys.Fault(node, $"{place}: '{text}' is neither role:NAME, group:NAME nor user:ID. Write for example 'role:approve'.")
            : text.StartsWith(User, StringComparison.Ordinal) ? User + Person.IdOf(text[User.Length..]) : text;
    }

    private static string Channel(YamlKeys keys, YamlNode node, string place)
    {
        var text = keys.Text(node, place);
        return ChannelNames.All.Contains(text) ? text
            : throw keys.Fault(node, $"{place}: '{text}' is no channel.{NearestName.Hint(text, ChannelNames.All)} Channels: {string.Join(", ", ChannelNames.All)}.");
    }

    // A name that is listed twice is listed.
    private List<string>? Names(YamlKeys keys, string key, Func<YamlKeys, YamlNode, string, string> read)
    {
        if (keys.Find(key) is null)
        {
            return null;
        }

        var names = new List<string>();
        foreach (var (node, place) in keys.List(key))
        {
            var name = read(keys, node, place);
            if (!names.Contains(name))
            {
                lines[JsonPlace.Item(keys.Place(key), names.Count)] = node.Line;
                names.Add(name);
            }
        }

        return names;
    }

    private static List<TimeSpan>? Reminders(YamlKeys keys, TimeSpan end)
    {
        if (keys.Find("reminders") is not { } at)
        {
            return null;
        }

        var reminders = new List<TimeSpan>();
        foreach (var (node, place) in keys.List("reminders"))
        {
            var time = keys.Time(node, place, ApprovalTerms.ShortestTime, ApprovalTerms.LongestTime);
            if (reminders.Count > 0 && time <= reminders[^1])
            {
                throw keys.Fault(node, $"{place}: {Duration.Show(time)} does not come after {Duration.Show(reminders[^1])}. List them in their order.");
            }

            Before(keys, node, place, time, end);
            reminders.Add(time);
        }

        return reminders.Count <= MostReminders ? reminders
            : throw keys.Fault(at, $"{keys.Place("reminders")}: {reminders.Count} are listed. Keep {MostReminders} at most.");
    }

    private Escalation? Escalation(YamlKeys keys, OnExpire? onExpire, TimeSpan end)
    {
        var atEnd = onExpire == OnExpire.Escalate;
        if (keys.Find("escalate") is not { } node)
        {
            return !atEnd ? null : throw keys.Fault(keys.Require("onExpire"), $"{keys.Place("onExpire")}: nobody is named to escalate to. Add escalate: {{to: ['role:NAME']}}.");
        }

        var escalate = new YamlKeys(file, node, keys.Place("escalate"), "to", "after");
        escalate.Require("to");
        var after = Time(escalate, "after");
        if (after is null != atEnd)
        {
            throw keys.Fault(node, atEnd
                ? $"{escalate.Place("after")}: not possible beside onExpire: escalate, which escalates at the end. Remove one of them."
                : $"{escalate.Place("after")} is missing. Say after which time others may decide, too, or write onExpire: escalate.");
        }

        if (after is { } time)
        {
            Before(escalate, escalate.Require("after"), escalate.Place("after"), time, end);
        }

        return new(Who(escalate, "to"), after);
    }

    private static void Before(YamlKeys keys, YamlNode node, string place, TimeSpan time, TimeSpan end)
    {
        if (time >= end)
        {
            throw keys.Fault(node, $"{place}: {Duration.Show(time)} is not before the approval expires, which is after {Duration.Show(end)}"
                + $"{(end == ApprovalTerms.Default.Expires ? " where expires does not say otherwise" : "")}. Write less, or a longer expires.");
        }
    }

    [GeneratedRegex(@"^((role|group):[A-Za-z0-9_.-]{1,64}|user:[^\s\p{C}]{1,256})\z")]
    private static partial Regex Selectors();
}

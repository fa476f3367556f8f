using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Messages;

namespace Holdfast.Agents.Definitions;

/// <summary>Whether those whom rules ask are there, are enough, and can be reached. Where nobody is known, it goes by principals, of whom nothing is known at a start.</summary>
internal sealed class WhoCheck(People people, IReadOnlyList<IChannel> channels)
{
    private const int MostNamed = 5;

    private readonly ILookup<string, Person> tenants = people.All.ToLookup(person => person.Tenant, StringComparer.Ordinal);

    private readonly Dictionary<string, HashSet<string>> known = new(StringComparer.Ordinal)
    {
        ["role"] = [.. people.All.SelectMany(person => person.Roles)],
        ["group"] = [.. people.All.SelectMany(person => person.Groups)],
        ["user"] = [.. people.All.Select(person => person.Id)],
    };

    /// <summary>What does not fit in what a rule says.</summary>
    public IEnumerable<Misfit> Asked(PlacedRule placed)
    {
        var (rule, (source, place)) = placed;
        if (rule.Ask is not { } ask)
        {
            return [];
        }

        Step[] steps = [.. (ask.Stages ?? []).Select((stage, i) => new Step(JsonPlace.Item($"{place}.stages", i), "by", stage))];
        Step[] all = ask.Escalation is { } escalation ? [.. steps, new($"{place}.escalate", "to", new(escalation.To))] : steps;
        (string Place, string Message)[] wrong = [.. Channels(ask.Channels, place), .. all.SelectMany(Unknown)];
        return Placed(source, wrong.Length > 0 ? wrong : Lacking(steps, ask.Channels).Concat(Lacking(all[steps.Length..], ask.Channels)));
    }

    /// <summary>What does not fit where no rule says who decides.</summary>
    public IEnumerable<Misfit> Unsaid(PlacedRule placed) => Placed(placed.Source.File, Lacking([new(placed.Source.Place, "", ApprovalStage.Default)], placed.Rule.Ask?.Channels)
        .Select(misfit => (misfit.Place, $"{misfit.Message} They are asked where no rule that always holds says who; stages does.")));

    private static IEnumerable<Misfit> Placed(DefinitionSource source, IEnumerable<(string Place, string Message)> misfits) =>
        misfits.Select(misfit => new Misfit(source, misfit.Place, $"{misfit.Place}: {misfit.Message}"));

    private IEnumerable<(string Place, string Message)> Channels(IReadOnlyList<string>? named, string place)
    {
        var configured = channels.Select(channel => channel.Name).ToArray();
        return (named ?? []).Select((name, i) => (name, Place: JsonPlace.Item($"{place}.channels", i))).Where(one => !configured.Contains(one.name))
            .Select(one => (one.Place, $"this host has no channel '{one.name}'. Configured: {RuleCheck.List(configured)}. Configure it, or name one of these."));
    }

    private IEnumerable<(string Place, string Message)> Unknown(Step step)
    {
        for (var i = 0; i < step.Stage.By.Count; i++)
        {
            var place = JsonPlace.Item($"{step.Place}.{step.Key}", i);
            var selector = step.Stage.By[i];
            var (kind, name) = selector.Split(':', 2) is [var before, var after] ? (before, after) : ("", selector);
            if (people.All.Count == 0)
            {
                if (kind == "group")
                {
                    yield return (place, $"'{selector}' means nobody: only people have groups, and no people are known. Write a people.yaml, or ask a role or a user.");
                }
            }
            else if (known.TryGetValue(kind, out var names) && !names.Contains(name))
            {
                yield return (place, $"'{selector}' means nobody in people.yaml.{NearestName.Hint(name, names)} "
                    + (kind == "user" ? "Add the person, or ask another." : $"Give somebody the {kind}, or ask others."));
            }
        }
    }

    // The first tenant in which it lacks is enough to mend it.
    private IEnumerable<(string Place, string Message)> Lacking(Step[] steps, IReadOnlyList<string>? named) => tenants.OrderBy(tenant => tenant.Key, StringComparer.Ordinal)
        .Select(tenant => Lacking(steps, named, [.. tenant], tenants.Count > 1 ? $" in tenant '{tenant.Key}'" : "").ToArray()).FirstOrDefault(lacking => lacking.Length > 0) ?? [];

    private IEnumerable<(string Place, string Message)> Lacking(Step[] steps, IReadOnlyList<string>? named, Person[] there, string where)
    {
        // More of them than there are seats change nothing, and a house may be large.
        var seats = steps.Sum(step => step.Stage.Of);
        var meant = steps.Select(step => there.Where(person => person.IsAnyOf(step.Stage.By)).ToArray()).ToArray();
        var counts = Quorum.Count([.. steps.Select(step => step.Stage)], [.. meant.SelectMany(some => some.Take(seats)).Distinct()], (person, stage) => person.IsAnyOf(stage.By));
        for (var i = 0; i < steps.Length; i++)
        {
            var (place, _, stage) = steps[i];
            if (meant[i].Length == 0)
            {
                yield return (place, $"nobody{where} is {string.Join(" or ", stage.By)}. Say in people.yaml who is, or ask others.");
            }
            else if (meant[i].Length < stage.Of)
            {
                yield return (place, $"a quorum of {stage.Of} from {meant[i].Length} {(meant[i].Length == 1 ? "person" : "people")}{where}: {Named(meant[i])}. Ask more people, or lower of.");
            }
            else if (counts[i] < stage.Of)
            {
                yield return (place, $"a quorum of {stage.Of}, of whom the other stages leave {counts[i]}{where}, because a person counts once in a rule: {Named(meant[i])}. Ask more people, or lower of.");
            }
            else if (!meant[i].Any(person => channels.Any(channel => named?.Contains(channel.Name) != false && channel.Reaches(person))))
            {
                yield return (place, $"none of those who may decide{where} can be reached by {(channels.Count == 0 ? "this host, which has no channel" : string.Join(" or ", named ?? [.. channels.Select(channel => channel.Name)]))}: "
                    + $"{Named(meant[i])}. Give them an address in people.yaml, or use another channel.");
            }
        }
    }

    private static string Named(Person[] people) => string.Join(", ", people.Take(MostNamed).Select(person => person.Id)) + (people.Length > MostNamed ? ", …" : "");

    /// <param name="Key">Under which of its keys stands who it is.</param>
    private sealed record Step(string Place, string Key, ApprovalStage Stage);
}

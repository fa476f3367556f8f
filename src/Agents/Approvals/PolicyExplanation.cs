using Holdfast.Agents.Definitions;
using Holdfast.Agents.Definitions.Yaml;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>What would be asked about a call, of whom, and why.</summary>
/// <param name="Asked">Whether anybody is asked at all.</param>
/// <param name="Rules">Where the rules stand that ask; empty where none does.</param>
/// <param name="Terms">What they ask together; null where nobody is asked.</param>
/// <param name="Stages">Whom its stages mean now.</param>
public sealed record PolicyExplanation(bool Asked, IReadOnlyList<string> Rules, ApprovalTerms? Terms, IReadOnlyList<ExplainedStage> Stages);

/// <param name="People">Who they are now; null where the tenant's people are not known, and principals' roles decide.</param>
public sealed record ExplainedStage(IReadOnlyList<string> By, int Of, IReadOnlyList<ExplainedPerson>? People);

/// <param name="Channels">By which they are told, in order; empty for nobody tells them.</param>
public sealed record ExplainedPerson(string Id, string Name, IReadOnlyList<string> Channels);

/// <summary>Answers what a call would meet, without one.</summary>
internal sealed class PolicyQuestion(AgentParts parts, StoreTransaction tx, string tenant)
{
    /// <exception cref="RefusedException">No such agent or tool, or arguments that the tool would not take.</exception>
    public async Task<PolicyExplanation> AnswerAsync(string agent, string tool, string arguments)
    {
        if (parts.Agents.Find(agent) is not var (definition, _))
        {
            throw Unknown("agent", agent, parts.Agents.Names);
        }

        if (!definition.Tools.Contains(tool, StringComparer.Ordinal) || !parts.Tools.TryFind(tool, out var known))
        {
            throw Unknown("tool", tool, definition.Tools);
        }

        var read = ToolArguments.Read(arguments, known);
        var canonical = read.Canonical ?? throw new RefusedException(Refusal.Invalid, read.Error!, "arguments");
        var rules = await parts.Rules.ReadAsync(tx);
        var asked = CallPolicy.Ask(definition, definition, rules.Policies, known.Traits, CanonicalJson.Parse(canonical))
            ?? (tool == Question.ToolName ? AskedTerms.Otherwise : null);
        return asked is null ? new(false, [], null, [])
            : new(true, [.. asked.Rules.Select(rule => Place(definition, rule))], asked.Terms, [.. asked.Terms.Stages.Select(stage => Explain(stage, asked.Terms, rules.People.Of(tenant)))]);
    }

    private static string Place(AgentDefinition agent, ApprovalRule rule) => rule.Name
        ?? (agent.Approvals.ToList().IndexOf(rule) is >= 0 and var at ? $"agents/{agent.Name}/{AgentFolder.FileName} {JsonPlace.Item("approvals", at)}"
            : "no rule: what has an effect and is not spoken of is asked for");

    private ExplainedStage Explain(ApprovalStage stage, ApprovalTerms terms, IReadOnlyList<Person> people) =>
        new(stage.By, stage.Of, people.Count == 0 ? null : [.. people.Where(person => person.IsAnyOf(stage.By)).Select(person => new ExplainedPerson(person.Id, person.Name, Channels(terms, person)))]);

    private List<string> Channels(ApprovalTerms terms, Person person) =>
        [.. parts.Options.ChannelsOf(terms).Where(channel => channel.Reaches(person)).Select(channel => channel.Name)];

    private static RefusedException Unknown(string field, string name, IReadOnlyList<string> names) =>
        new(Refusal.Invalid, $"There is no {field} '{name}' here.{NearestName.Hint(name, names)} There are: {string.Join(", ", names)}.", field);
}

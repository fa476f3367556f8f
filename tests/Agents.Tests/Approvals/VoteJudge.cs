using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Testing;

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>
/// Whether votes are enough for rules, judged by trying every seating. It is written from what docs/approvals.md promises, and shares nothing with the product
/// but the records that a rule is written in.
/// </summary>
internal sealed class VoteJudge(People people, IReadOnlyList<ApprovalAsk> own, IReadOnlyList<ApprovalAsk> beside)
{
    private readonly List<ApprovalAsk> rules = [.. own, .. beside];

    /// <summary>Null where they are enough, else what is missing.</summary>
    /// <param name="voters">Who has said yes.</param>
    /// <param name="waited">From the opening to the decision.</param>
    /// <param name="overtime">Whether the time to decide was over once.</param>
    /// <param name="since">From the decision to the gate.</param>
    public string? Misses(IReadOnlyList<string> voters, TimeSpan waited, bool overtime, TimeSpan since)
    {
        if (rules.Any(rule => rule.ValidFor is { } span && since >= span))
        {
            return "it was good for less";
        }

        var wrong = rules.FirstOrDefault(rule => !IsFilled(rule, voters, waited, overtime));
        return wrong is null ? null : $"not enough for {string.Join(", ", wrong.Stages!.Select(stage => $"{stage.Of} of {string.Join("|", stage.By)}"))}";
    }

    /// <summary>Who asked may decide where somebody says so and nobody says otherwise; what the agent's rules leave unsaid a policy does not grant.</summary>
    private bool RequesterMay()
    {
        bool[] owns = [.. own.Select(rule => rule.RequesterMayDecide).OfType<bool>()], others = [.. beside.Select(rule => rule.RequesterMayDecide).OfType<bool>()];
        return owns.All(yes => yes) && others.All(yes => yes) && (own.Count > 0 ? owns.Length > 0 : others.Length > 0);
    }

    private bool IsFilled(ApprovalAsk rule, IReadOnlyList<string> voters, TimeSpan waited, bool overtime)
    {
        var others = rule.Escalation is { } escalation && (escalation.After is { } after ? waited >= after : overtime) ? escalation.To : [];
        var stages = rule.Stages!.SelectMany((stage, at) => Enumerable.Repeat(at, stage.Of)).ToArray();
        return Seat(0, []);

        bool Seat(int seat, string[] seated)
        {
            if (seat == stages.Length)
            {
                return Enumerable.Range(0, seat).All(one => seated[one] != "root" || IsWanting(stages[one], seated));
            }

            return voters.Any(voter => !seated.Contains(voter) && (voter == "root" || May(voter, stages[seat])) && Seat(seat + 1, [.. seated, voter]));
        }

        // Nobody knew of who could have sat there: all that could sit elsewhere, or are too few.
        bool IsWanting(int stage, string[] seated) =>
            people.All.Count(person => May(person.Id, stage) && !seated.Where((who, at) => stages[at] != stage && who == person.Id).Any()) < rule.Stages![stage].Of;

        bool May(string who, int stage) => (who != RunHarness.Anna.Id || RequesterMay())
            && people.All.FirstOrDefault(person => person.Id == who) is { } person && rule.Stages![stage].By.Concat(others).Any(selector => selector.Split(':') switch
            {
                ["role", var role] => person.Roles.Contains(role),
                ["group", var group] => person.Groups.Contains(group),
                ["user", var id] => person.Id == id,
                _ => false,
            });
    }
}

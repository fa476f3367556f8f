using Holdfast.Agents.Definitions;

namespace Holdfast.Agents.Approvals;

/// <summary>Which stages some people fill. Within a rule each of them counts once, and for the earliest stages first; for every rule anew.</summary>
public static class Quorum
{
    /// <summary>How many of these people each stage has, at most as many as it needs.</summary>
    /// <param name="may">Whether a person may fill a stage.</param>
    public static IReadOnlyList<int> Count<T>(IReadOnlyList<ApprovalStage> stages, IReadOnlyList<T> people, Func<T, ApprovalStage, bool> may) =>
        [.. Seat(stages, people, may).Select(seated => seated.Count)];

    /// <summary>Which of them fill each stage.</summary>
    public static IReadOnlyList<IReadOnlyList<T>> Seat<T>(IReadOnlyList<ApprovalStage> stages, IReadOnlyList<T> people, Func<T, ApprovalStage, bool> may)
    {
        var seated = stages.Select(_ => new List<T>()).ToArray();
        foreach (var rule in stages.Select((stage, at) => (stage, at)).GroupBy(one => one.stage.Rule))
        {
            // Seats in their order; a person who sits may move up to make room, so that as many sit as can (Kuhn's algorithm).
            var seats = rule.SelectMany(one => Enumerable.Repeat(one.at, one.stage.Of)).ToArray();
            var sits = Enumerable.Repeat(-1, seats.Length).ToArray();
            for (var seat = 0; seat < seats.Length; seat++)
            {
                Fill(seat, new bool[people.Count]);
            }

            foreach (var (stage, person) in seats.Zip(sits).Where(one => one.Second >= 0).OrderBy(one => one.Second))
            {
                seated[stage].Add(people[person]);
            }

            bool Fill(int seat, bool[] asked)
            {
                for (var person = 0; person < people.Count; person++)
                {
                    if (asked[person] || !may(people[person], stages[seats[seat]]))
                    {
                        continue;
                    }

                    asked[person] = true;
                    var other = Array.IndexOf(sits, person);
                    if (other < 0 || Fill(other, asked))
                    {
                        sits[seat] = person;
                        return true;
                    }
                }

                return false;
            }
        }

        return seated;
    }

    /// <summary>The first stage that is not full; the number of stages when all are.</summary>
    public static int Current(IReadOnlyList<ApprovalStage> stages, IReadOnlyList<int> counts)
    {
        var at = 0;
        while (at < stages.Count && counts[at] >= stages[at].Of)
        {
            at++;
        }

        return at;
    }
}

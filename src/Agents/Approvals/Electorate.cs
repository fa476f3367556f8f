using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>
/// Who may decide on an approval, by the people in force. Of a tenant whose people are known, only those count; an administrator may decide
/// only where they cannot. Of any other, the principals' roles count, and an administrator may decide always.
/// </summary>
/// <param name="escalations">How many of the escalations have been.</param>
internal sealed class Electorate(People people, ApprovalTerms terms, RunRow run, int escalations)
{
    private readonly IReadOnlyList<Person> known = people.Of(run.Tenant);

    public bool KnowsPeople => known.Count > 0;

    /// <summary>Who somebody is here: a known person by their own id, however a principal writes it, so that nobody counts twice.</summary>
    public Voice Known(Voice voice) => known.FirstOrDefault(person => person.Is(voice.Id)) is { } person ? voice with { Id = person.Id } : voice;

    /// <summary>Who is meant by a stage.</summary>
    public IReadOnlyList<string> Selectors(ApprovalStage stage) => [.. stage.By.Union(terms.Escalations.Take(escalations).Where(one => one.Rule == stage.Rule).SelectMany(one => one.To))];

    /// <summary>How many of its people each stage has, of those who have said yes and may still say it.</summary>
    public IReadOnlyList<int> Count(IReadOnlyList<VoteRow> yes) => [.. Seat(yes).Select(seated => seated.Count)];

    /// <summary>Whose yes counts at each stage.</summary>
    public IReadOnlyList<IReadOnlyList<VoteRow>> Seat(IReadOnlyList<VoteRow> yes)
    {
        // Looked at only where it matters: it asks about everybody who is known.
        bool[] isOpen = yes.Any(vote => vote.IsAdmin) ? [.. terms.Stages.Select((_, stage) => !KnowsPeople || !CanFill(stage, yes))] : [];
        return Quorum.Seat(terms.Stages, yes, (vote, stage) => Is(vote.Voice, stage) || (vote.IsAdmin && isOpen[At(stage)]));
    }

    /// <summary>The people who are asked at a stage and have not said anything.</summary>
    public IReadOnlyList<Person> Asked(ApprovalStage stage, IReadOnlyList<VoteRow> votes) =>
        [.. known.Where(person => !votes.Any(vote => person.Is(vote.Voter)) && Is(person, stage))];

    /// <summary>
    /// Whether the people who are left could fill a stage: those who have not said anything sit down in it, and who has sat down moves where there is room.
    /// What an administrator has said for want of somebody fills no seat that there is somebody for.
    /// </summary>
    public bool CanFill(int stage, IReadOnlyList<VoteRow> votes)
    {
        if (!KnowsPeople)
        {
            return true;
        }

        Func<ApprovalStage, bool>[] seats =
        [
            .. votes.Select(vote => (Func<ApprovalStage, bool>)(one => Is(vote.Voice, one))),
            .. known.Where(person => !votes.Any(vote => person.Is(vote.Voter))).Select(person => (Func<ApprovalStage, bool>)(one => At(one) == stage && Is(person, one))),
        ];
        return Quorum.Count(terms.Stages, seats, (may, one) => may(one))[stage] >= terms.Stages[stage].Of;
    }

    /// <summary>Why somebody may not decide at this stage; null if they may.</summary>
    /// <param name="asAdmin">Whether they may only because nobody else can.</param>
    public string? Refuse(Voice voice, int stage, IReadOnlyList<VoteRow> votes, out bool asAdmin)
    {
        asAdmin = false;
        if (IsShutOut(voice.Id))
        {
            return $"{voice.Id} asked for this run and may not decide on it. Somebody else has to: {Approvers(stage)}.";
        }

        if (Is(voice, terms.Stages[stage]))
        {
            return null;
        }

        if (voice.IsAdmin && (!KnowsPeople || !CanFill(stage, votes)))
        {
            asAdmin = true;
            return null;
        }

        return terms.Stages.Skip(stage + 1).Any(later => Is(voice, later))
            ? $"It is not yet for {voice.Id} to decide: stage {stage + 1} of {terms.Stages.Count} comes first. Who may: {Approvers(stage)}."
            : $"{voice.Id} may not decide on this. Who may: {Approvers(stage)}.";
    }

    /// <summary>Who may decide at a stage, as a sentence names them.</summary>
    public string Approvers(int stage) => string.Join(" or ", Selectors(terms.Stages[stage])) + (terms.Stages[stage].Of == 1 ? "" : $" ({terms.Stages[stage].Of} of them)");

    // Two stages may be equal: which one it is, the place says.
    private int At(ApprovalStage stage) => terms.Stages.TakeWhile(one => !ReferenceEquals(one, stage)).Count();

    private bool Is(Voice voice, ApprovalStage stage) => !IsShutOut(voice.Id) && (KnowsPeople
        ? known.FirstOrDefault(person => person.Is(voice.Id)) is { } person && person.IsAnyOf(Selectors(stage))
        : new Principal(voice.Id, run.Tenant, voice.Roles).IsAnyOf(Selectors(stage)));

    private bool Is(Person person, ApprovalStage stage) => !IsShutOut(person.Id) && person.IsAnyOf(Selectors(stage));

    // However it is written: a delegate that types an id of the directory in capitals means the same person. One that names another has asked all the same.
    private bool IsShutOut(string id) => !terms.RequesterMayDecide && run.Requesters.Contains(id, StringComparer.OrdinalIgnoreCase);
}

/// <summary>Somebody who says something about an approval.</summary>
/// <param name="Roles">Of the principal; of a person who came by a link, none.</param>
/// <param name="Way">By which way it was said: api, page or link.</param>
internal sealed record Voice(string Id, IReadOnlyList<string> Roles, string Way)
{
    public bool IsAdmin => Roles.Contains(Identity.Roles.Admin, StringComparer.Ordinal);

    /// <summary>The digest of what was shown when it was said; null where nothing was.</summary>
    public string? Seen { get; init; }

    /// <summary>The link that it came by: its id; null for none.</summary>
    public string? Link { get; init; }
}

using Holdfast.Agents.Definitions;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>What is to happen to an open approval by itself, and when.</summary>
internal static class Timetable
{
    /// <summary>When the next thing is due; null for never.</summary>
    public static long? Next(ApprovalRow row, ApprovalTerms terms)
    {
        long?[] times = [Reminder(row, terms), Escalation(row, terms), row.ExpiresAt];
        return times.Min();
    }

    /// <summary>When who has not decided is reminded next; null for not again.</summary>
    public static long? Reminder(ApprovalRow row, ApprovalTerms terms) => row.Reminders < terms.Reminders.Count
        && row.StageSince + terms.Reminders[row.Reminders].Ticks is var at && !(at >= row.ExpiresAt) ? at : null;

    /// <summary>When others may decide, too; null for not, or at the expiry.</summary>
    public static long? Escalation(ApprovalRow row, ApprovalTerms terms) =>
        row.Escalations < terms.Escalations.Count && terms.Escalations[row.Escalations].After is { } after ? row.RequestedAt + after.Ticks : null;

    /// <summary>Whether its time being over lets others decide, for as long again.</summary>
    public static bool EscalatesAtExpiry(ApprovalRow row, ApprovalTerms terms) =>
        terms.OnExpire == OnExpire.Escalate && row.Escalations < terms.Escalations.Count && terms.Escalations[^1].After is null;

    /// <summary>How many of the escalations are due at a time.</summary>
    public static int Escalated(ApprovalRow row, ApprovalTerms terms, long now) => row.ExpiresAt <= now ? terms.Escalations.Count
        : terms.Escalations.Count(one => one.After is { } after && row.RequestedAt + after.Ticks <= now);

    /// <summary>How many of the escalations that are asked for now had been when an approval was decided, by terms that may have asked for others.</summary>
    public static int Escalated(ApprovalRow decided, ApprovalTerms asked)
    {
        var atExpiry = Askings.TermsOf(decided).Escalations.Take(decided.Escalations).Any(one => one.After is null);
        return asked.Escalations.Count(one => one.After is { } after ? decided.RequestedAt + after.Ticks <= decided.DecidedAt : atExpiry);
    }
}

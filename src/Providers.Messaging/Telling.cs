using System.Globalization;
using Holdfast.Agents.Messages;

namespace Holdfast.Providers.Messaging;

/// <summary>What a message says, before a channel gives it a form. Every text is one line in which nothing is hidden; none is escaped yet.</summary>
internal sealed record Telling(string Subject, string Title, string Lead, IReadOnlyList<Told> Items, string Press)
{
    /// <summary>Under the link. What stands above the link is what happens; this is how it works.</summary>
    public const string Explanation = "Opening the link decides nothing. Nobody reads an answer to this message.";

    /// <summary>Beside the code.</summary>
    public const string CodeUse = "Type it on the page. Nobody will ask you for it in any other way.";

    public const int LongestSubject = 150;

    private const int LongestName = 100;
    private const int LongestOutcome = 500;

    public static Telling Of(Message message)
    {
        var reader = Reader.Of(message.To);
        var items = message.Items.Select(item => Told.Of(item, reader, LongestOutcome)).ToList();
        var first = message.Items[0];
        var agent = Visible.Line(first.Agent, LongestName);
        var (what, title) = Asked(message.Items);
        var isClosed = message.Kind == MessageKind.Outcome;
        var about = items is [var only] ? only.Sentence : string.Create(CultureInfo.InvariantCulture, $"{items.Count} decisions for {agent}");
        return new(
            Short($"{message.Kind switch
            {
                MessageKind.Reminder => "Reminder",
                MessageKind.Escalation => "Now asked of you",
                MessageKind.Outcome => "Closed",
                _ => what,
            }}: {about}"),
            message.Kind switch
            {
                MessageKind.Reminder => $"Reminder: {title}",
                MessageKind.Escalation => $"Now asked of you, too: {title}",
                MessageKind.Outcome => items.Count == 1 ? "A request is closed" : "Requests are closed",
                _ => char.ToUpperInvariant(title[0]) + title[1..],
            },
            $"{agent} {(isClosed ? "asked" : "asks")} on behalf of {Visible.Line(first.RequestedBy, LongestName)}.",
            items,
            isClosed ? "See the record" : "Look and decide");
    }

    private static (string What, string Title) Asked(IReadOnlyList<MessageItem> items) => items switch
    {
        [{ Kind: "question" }] => ("Question", "a question waits for you"),
        [{ Kind: "inDoubt" }] => ("Did this happen", "did this happen?"),
        [_] => ("Approval asked", "your approval is asked for"),
        _ => ("Decisions asked", string.Create(CultureInfo.InvariantCulture, $"{items.Count} decisions are asked of you")),
    };

    private static string Short(string subject) => subject.Length <= LongestSubject ? subject
        : $"{subject[..(char.IsHighSurrogate(subject[LongestSubject - 2]) ? LongestSubject - 2 : LongestSubject - 1)]}…";
}

/// <summary>One item of a <see cref="Telling"/>.</summary>
/// <param name="Arguments">Where <paramref name="Sentence"/> does not say them.</param>
/// <param name="Facts">Until when, which stage, what became of it.</param>
internal sealed record Told(string Sentence, IReadOnlyList<Row> Arguments, IReadOnlyList<Row> Facts)
{
    public static Told Of(MessageItem item, Reader reader, int longestOutcome) => new(Messaging.Sentence.Of(item, reader), Messaging.Sentence.Table(item), [.. FactsOf(item, reader, longestOutcome)]);

    private static IEnumerable<Row> FactsOf(MessageItem item, Reader reader, int longestOutcome)
    {
        if (item.Outcome is { } outcome)
        {
            yield return new("Outcome", Visible.Line(outcome, longestOutcome));
            yield break;
        }

        if (item.ExpiresAt is { } end)
        {
            yield return new("Until", reader.Moment(end));
        }

        if (item.Stages > 1)
        {
            yield return new("Stage", string.Create(CultureInfo.InvariantCulture, $"{item.Stage} of {item.Stages}"));
        }
    }
}

/// <summary>A name and what it stands for.</summary>
internal readonly record struct Row(string Name, string Value);

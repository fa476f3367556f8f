using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Wording;

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

    public static Telling Of(Message message)
    {
        var reader = Reader.Of(message.To);
        var items = message.Items.Select(item => Told.Of(item, reader)).ToList();
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
            $"{agent} {(isClosed ? "asked" : "asks")} on behalf of {Visible.Line(first.Requester, LongestName)}.",
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
internal sealed partial record Told(string Sentence, IReadOnlyList<Row> Arguments, IReadOnlyList<Row> Facts)
{
    private const int LongestValue = 300;
    private const int LongestChoice = 200;
    private const int MostRows = 20;

    public static Told Of(MessageItem item, Reader reader) => item.Kind == "question"
        ? new($"{Visible.Line(item.Agent, LongestChoice)} asks {SentenceOf(item, reader).Line()}", [.. Choices(item)], [.. FactsOf(item, reader)])
        : new(SentenceOf(item, reader).Line() + (item.Kind == "inDoubt" ? ", begun, with an end that nobody knows" : ""), [.. Table(item, reader)], [.. FactsOf(item, reader)]);

    /// <summary>The same words as on the page.</summary>
    public static Sentence SentenceOf(MessageItem item, Reader reader) => item.Kind == "question"
        ? Agents.Wording.Sentence.OfQuestion(Question.Of(item.Arguments).Text)
        : Agents.Wording.Sentence.Of(Template.ParseOrNull(item.Describe), item.Tool, item.Arguments, reader);

    private static IEnumerable<Row> Choices(MessageItem item)
    {
        if (Question.Of(item.Arguments) is { Choices: { Count: > 0 } choices })
        {
            yield return new("Choices", string.Join(", ", choices.Select(choice => Visible.Of(choice, LongestChoice).Quoted())));
        }
    }

    private static IEnumerable<Row> Table(MessageItem item, Reader reader)
    {
        if (Template.ParseOrNull(item.Describe) is not null)
        {
            yield break;
        }

        var (arguments, hasMore) = Argument.TableOf(item.Arguments, reader, MostRows, LongestValue);
        foreach (var argument in arguments)
        {
            yield return new(Named().IsMatch(argument.Place.ToString()) ? argument.Place.Line() : argument.Place.Quoted(), argument.Kind == ArgumentKind.Text ? argument.Value.Quoted() : argument.Value.Line());
        }

        if (hasMore)
        {
            yield return new("…", "(more on the page)");
        }
    }

    // A place that a tool's author may have named; a model may have named any other.
    [GeneratedRegex(@"^[A-Za-z0-9_.\[\]-]+\z")]
    private static partial Regex Named();

    private static IEnumerable<Row> FactsOf(MessageItem item, Reader reader)
    {
        if (item.Outcome is { } outcome)
        {
            yield return new("Outcome", Visible.Line(outcome, LongestValue));
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

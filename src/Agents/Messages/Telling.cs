using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Messages;

/// <summary>
/// Writes down whom to tell what. A message is a row first, with the word to the engine beside it; sending it is a step of its own, so that a mail
/// server that is down holds up no clock.
/// </summary>
internal sealed class Telling(AgentParts parts, StoreTransaction tx, LockedRun run)
{
    /// <summary>Tells those whose turn it is, or of an escalation those who may decide since.</summary>
    public async Task AskAsync(ApprovalRow row, ApprovalTerms terms, MessageKind kind)
    {
        var channels = parts.Options.ChannelsOf(terms);
        if (channels.Count == 0)
        {
            return;
        }

        var askings = new Askings(parts, tx, run);
        var electorate = await askings.ElectorateAsync(row, terms);
        if (!electorate.KnowsPeople)
        {
            await TellAsync(row, kind, null, channels);
            return;
        }

        foreach (var person in electorate.Asked(terms.Stages[row.Stage], await askings.VotesAsync(row.Id)))
        {
            if (kind != MessageKind.Escalation || person.IsAnyOf([.. terms.Escalations.Take(row.Escalations).SelectMany(one => one.To)]))
            {
                await TellAsync(row, kind, person, channels);
            }
        }
    }

    /// <summary>
    /// Says at the places where it was asked what has become of it, to those who were asked there, once at each. One that was tried, and then had nothing left to
    /// tell, may have asked: its channel may have taken it and the answer been lost.
    /// </summary>
    public async Task EndedAsync(ApprovalRow row)
    {
        var asked = await tx.ListAsync<MessageRow>("""
            SELECT m.* FROM message_approvals a JOIN messages m ON m.id = a.message
            WHERE a.approval = @Id AND m.person IS NULL AND m.kind <> 'outcome' AND (m.sent_at IS NOT NULL OR (m.state = 'void' AND m.attempts > 0)) AND NOT EXISTS (
              SELECT 1 FROM message_approvals b JOIN messages o ON o.id = b.message WHERE b.approval = @Id AND o.kind = 'outcome' AND o.person IS NULL AND o.channel = m.channel)
            ORDER BY m.id
            """, new { row.Id });
        foreach (var place in asked.GroupBy(message => message.Channel))
        {
            await AddAsync(row, MessageKind.Outcome, null, place.Key, "", [.. place.SelectMany(message => message.Recipients)]);
        }
    }

    /// <summary>Tells, when the run ends, what it has made void: the places where it was asked, and those whose yes came to nothing.</summary>
    public async Task OfVoidAsync()
    {
        var askings = new Askings(parts, tx, run);
        foreach (var row in await tx.ListAsync<ApprovalRow>("SELECT * FROM approvals WHERE run = @Run AND state = 'void' ORDER BY id", new { run.Row.Run }))
        {
            var people = (await parts.Rules.ReadAsync(tx)).People;
            foreach (var yes in (await askings.VotesAsync(row.Id)).Where(vote => vote.Decision == Decisions.Approve))
            {
                if (people.Find(run.Row.Tenant, yes.Voter) is { } voter)
                {
                    await TellAsync(row, MessageKind.Outcome, voter, parts.Options.ChannelsOf(Askings.TermsOf(row)));
                }
            }

            await EndedAsync(row); // last: a place that a voter reads is told by then
        }
    }

    /// <summary>The next channel, after one has failed.</summary>
    /// <returns>Whether one of them reaches the person.</returns>
    public Task<bool> FallThroughAsync(MessageRow failed, ApprovalRow row, Person? person) =>
        TellAsync(row, Enum.Parse<MessageKind>(failed.Kind, ignoreCase: true), person, [.. failed.Rest.Split(',').Select(parts.Options.Channel).OfType<IChannel>()]);

    private async Task<bool> TellAsync(ApprovalRow row, MessageKind kind, Person? person, IReadOnlyList<IChannel> channels)
    {
        if (channels.FirstOrDefault(channel => channel.Reaches(person)) is not { } first)
        {
            return false;
        }

        // All that its rules name after it, whomever they reach: so what goes to a place is the same for everybody.
        var rest = string.Join(',', channels.SkipWhile(channel => channel != first).Skip(1).Select(channel => channel.Name));
        await AddAsync(row, kind, first.IsShared ? null : person, first.Name, rest, person is null ? [] : [person.Id]);
        return true;
    }

    /// <summary>
    /// Adds to the message that waits for the same recipient and turn. Calls whose rules name other channels are told of on their own: where one fails, each goes its own way.
    /// So is another round of a call: a link is about one round of it.
    /// </summary>
    /// <param name="recipient">Whose alone it is; null for one to a place.</param>
    /// <param name="told">The ids of who is told by it; empty for nobody in particular.</param>
    private async Task AddAsync(ApprovalRow asked, MessageKind kind, Person? recipient, string channel, string rest, IReadOnlyList<string> told)
    {
        var word = JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());
        var waiting = await tx.FirstAsync<MessageRow>("""
            SELECT * FROM messages WHERE run = @Run AND turn = @Turn AND kind = @word AND channel = @channel AND rest = @rest AND COALESCE(person, '') = @person
              AND state = 'queued' AND attempts = 0
              AND (link IS NULL OR NOT EXISTS (SELECT 1 FROM message_approvals o JOIN approvals a ON a.id = o.approval WHERE o.message = messages.id AND a.idx = @Idx AND a.id <> @Id))
            """, new { run.Row.Run, asked.Turn, asked.Idx, asked.Id, word, channel, rest, person = recipient?.Id ?? "" });
        var row = waiting ?? await InsertAsync(asked, word, recipient, channel, rest);
        if (waiting is { Link: { } link })
        {
            await LinkStore.ExtendAsync(tx, link, asked);
        }

        var people = row.Recipients.Union(told, StringComparer.Ordinal).ToList();
        await tx.ExecuteAsync("""
            INSERT INTO message_approvals (message, approval) VALUES (@Id, @Approval) ON CONFLICT (approval, message) DO NOTHING;
            UPDATE messages SET people = @people WHERE id = @Id
            """, new { row.Id, Approval = asked.Id, people = JsonSerializer.Serialize(people, AgentsJson.Default.ListString) });
        await tx.WakeAsync(new Wake(row.Id, run.Row.Run, run.Row.Engine, Wake.Tell));
    }

    private async Task<MessageRow> InsertAsync(ApprovalRow asked, string kind, Person? recipient, string channel, string rest)
    {
        var link = recipient is null ? null : (await LinkStore.InsertAsync(tx, asked, recipient.Id)).Id;
        var row = new MessageRow
        {
            Id = Ids.New("msg", tx.Now), Tenant = run.Row.Tenant, Run = run.Row.Run, Turn = asked.Turn, Kind = kind, Person = recipient?.Id, Channel = channel, Rest = rest,
            DueAt = run.Now, CreatedAt = run.Now, Link = link,
        };
        await tx.ExecuteAsync("""
            INSERT INTO messages (id, tenant, run, turn, kind, person, channel, rest, people, state, due_at, created_at, link)
            VALUES (@Id, @Tenant, @Run, @Turn, @Kind, @Person, @Channel, @Rest, @People, @State, @DueAt, @CreatedAt, @Link)
            """, row);
        return row;
    }
}

/// <summary>A row of messages. Times are UTC ticks.</summary>
internal sealed class MessageRow
{
    public string Id { get; init; } = "";

    public string Tenant { get; init; } = "";

    public long Run { get; init; }

    public int Turn { get; init; }

    /// <summary>request, reminder, escalation or outcome.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Whose alone it is; null for one to a place that others read.</summary>
    public string? Person { get; init; }

    public string Channel { get; init; } = "";

    /// <summary>The channels that its rules name after this one, joined by commas.</summary>
    public string Rest { get; init; } = "";

    /// <summary>The ids of who is told by it, as JSON.</summary>
    public string People { get; init; } = "[]";

    public string State { get; init; } = MessageStates.Queued;

    public int Attempts { get; init; }

    public long DueAt { get; init; }

    public long CreatedAt { get; init; }

    public long? SentAt { get; init; }

    public string? Error { get; init; }

    public string? Link { get; init; }

    public IReadOnlyList<string> Recipients => JsonSerializer.Deserialize(People, AgentsJson.Default.ListString)!;
}

/// <summary>Where a message stands.</summary>
internal static class MessageStates
{
    /// <summary>To be sent, or sent again.</summary>
    public const string Queued = "queued";

    /// <summary>Taken by its channel.</summary>
    public const string Sent = "sent";

    /// <summary>Not taken; the next channel has it, or it was no news any more.</summary>
    public const string Failed = "failed";

    /// <summary>Nothing is left to tell.</summary>
    public const string Void = "void";
}

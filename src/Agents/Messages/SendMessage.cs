using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Messages;

/// <summary>
/// One try to send a message. What it says is made from the store each time, and what makes it this message (its id, its link) is the same each time:
/// a try that was not recorded is made again, and its recipient can tell.
/// </summary>
internal sealed class SendMessage(AgentParts parts) : IActivity<MessageStep, StepAnswer>
{
    public const string Name = nameof(SendMessage);

    /// <summary>How often a channel is tried before the next one is.</summary>
    private const int TriesOfAChannel = 3;

    private static readonly TimeSpan LongestTry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(30);

    /// <summary>How long what has become of something is worth a try: nothing else ends the tries at a place that is gone.</summary>
    private static readonly TimeSpan LongestNews = TimeSpan.FromDays(7);

    public async Task<StepAnswer> RunAsync(ActivityContext context, MessageStep step)
    {
        var (answer, sending) = await parts.Store.WriteAsync(tx => BeginAsync(tx, step.Message));
        if (sending is null)
        {
            return answer;
        }

        var failure = await TryAsync(sending, context.CancellationToken);
        parts.Options.CrashPoint(AgentCrashPoints.MessageSent);
        return await parts.Store.WriteAsync(tx => RecordAsync(tx, sending.Row, failure));
    }

    private async Task<(StepAnswer Answer, Sending? Sending)> BeginAsync(StoreTransaction tx, string id)
    {
        var run = await LockedRun.TakeAsync(tx, await tx.FirstAsync<long>("SELECT run FROM messages WHERE id = @id", new { id }));
        await parts.Engine.CheckAsync(tx, run.Row.Id);
        await tx.LookedAsync(id);
        var row = (await tx.FirstAsync<MessageRow>("SELECT * FROM messages WHERE id = @id", new { id }))!;
        if (row.State != MessageStates.Queued)
        {
            return (StepAnswer.Go, null);
        }

        if (row.DueAt > run.Now)
        {
            return (StepAnswer.WaitFor(row.DueAt), null);
        }

        var content = await new MessageContent(parts, tx, run.Row).OfAsync(row);
        if (content is null)
        {
            await tx.ExecuteAsync("UPDATE messages SET state = 'void' WHERE id = @id", new { id });
            if (row.Attempts > 0)
            {
                await EndedMeanwhileAsync(tx, run, row);
            }

            return (StepAnswer.Go, null);
        }

        await tx.ExecuteAsync("UPDATE messages SET attempts = attempts + 1 WHERE id = @id", new { id });
        return (StepAnswer.Go, new Sending(row, content));
    }

    private async Task<ChannelException?> TryAsync(Sending sending, CancellationToken stopping)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        both.CancelAfter(LongestTry);
        try
        {
            var channel = parts.Options.Channel(sending.Row.Channel)
                ?? throw new ChannelException($"This host has no channel '{sending.Row.Channel}'. It has: {string.Join(", ", parts.Options.Channels.Select(one => one.Name))}.", isFinal: true);
            await channel.SendAsync(sending.Message, both.Token).WaitAsync(both.Token);
            return null;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            var failure = e as ChannelException ?? new ChannelException(e is OperationCanceledException
                ? $"It was not taken within {LongestTry.TotalSeconds} s." : $"The channel threw {e.GetType().Name}; the log has the rest.", inner: e);
            parts.Logger.LogWarning("Message {Message} was not sent by {Channel}: {Failure}", sending.Row.Id, sending.Row.Channel, parts.Options.Redact(failure.Message));
            return failure;
        }
    }

    private async Task<StepAnswer> RecordAsync(StoreTransaction tx, MessageRow row, ChannelException? failure)
    {
        var run = await LockedRun.TakeAsync(tx, row.Run);
        await NoteAsync(tx, run.Now, row.Channel, failure);
        if (failure is null)
        {
            await tx.ExecuteAsync("UPDATE messages SET state = 'sent', sent_at = @Now, error = NULL WHERE id = @Id AND state = 'queued'", new { row.Id, run.Now });
            await EndedMeanwhileAsync(tx, run, row);
            return StepAnswer.Go;
        }

        var tries = row.Attempts + 1;
        var error = parts.Options.Redact(failure.Message);
        var isOver = row.Kind == "outcome" && row.CreatedAt + LongestNews.Ticks <= run.Now;
        if (((failure.IsFinal || tries >= TriesOfAChannel) && await FallThroughAsync(tx, run, row)) || isOver)
        {
            await tx.ExecuteAsync("UPDATE messages SET state = 'failed', error = @error WHERE id = @Id", new { row.Id, error });
            return StepAnswer.Go;
        }

        var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(2 * (tries - 1), 30)));
        var due = (tx.Now + (failure.IsFinal ? LongestWait : wait)).UtcTicks;
        await tx.ExecuteAsync("UPDATE messages SET due_at = @due, error = @error WHERE id = @Id", new { row.Id, due, error });
        return StepAnswer.WaitFor(due);
    }

    /// <summary>What was decided while it was being sent found no place yet that had been asked.</summary>
    private async Task EndedMeanwhileAsync(StoreTransaction tx, LockedRun run, MessageRow row)
    {
        if (row.Person is not null || row.Kind == "outcome")
        {
            return;
        }

        foreach (var approval in await AboutAsync(tx, row))
        {
            if (!approval.IsPending)
            {
                await new Telling(parts, tx, run).EndedAsync(approval);
            }
        }
    }

    private static Task<IReadOnlyList<ApprovalRow>> AboutAsync(StoreTransaction tx, MessageRow row) =>
        tx.ListAsync<ApprovalRow>("SELECT a.* FROM message_approvals m JOIN approvals a ON a.id = m.approval WHERE m.message = @Id ORDER BY a.id", new { row.Id });

    /// <returns>Whether other channels reach everybody. Whom none does is left with this one, which is tried on.</returns>
    private async Task<bool> FallThroughAsync(StoreTransaction tx, LockedRun run, MessageRow row)
    {
        var people = (await parts.Rules.ReadAsync(tx)).People;
        var known = row.Recipients.Select(id => people.Find(run.Row.Tenant, id)).OfType<Person>().ToList();
        var about = await AboutAsync(tx, row);
        if (known.Count == 0)
        {
            return await IsToldAsync(null);
        }

        List<string> left = [];
        foreach (var person in known)
        {
            if (!await IsToldAsync(person))
            {
                left.Add(person.Id);
            }
        }

        if (left.Count > 0)
        {
            await tx.ExecuteAsync("UPDATE messages SET people = @people WHERE id = @Id", new { row.Id, people = JsonSerializer.Serialize(left, AgentsJson.Default.ListString) });
        }

        return left.Count == 0;

        async Task<bool> IsToldAsync(Person? person)
        {
            var isTold = false;
            foreach (var approval in about)
            {
                isTold |= await new Telling(parts, tx, run).FallThroughAsync(row, approval, person);
            }

            return isTold;
        }
    }

    private async Task NoteAsync(StoreTransaction tx, long now, string channel, ChannelException? failure) => await tx.ExecuteAsync(failure is null
        ? "INSERT INTO channels (name, worked_at) VALUES (@channel, @now) ON CONFLICT (name) DO UPDATE SET worked_at = @now"
        : "INSERT INTO channels (name, failed_at, error) VALUES (@channel, @now, @error) ON CONFLICT (name) DO UPDATE SET failed_at = @now, error = @error",
        new { channel, now, error = failure is null ? null : parts.Options.Redact(failure.Message) });

    private sealed record Sending(MessageRow Row, Message Message);
}

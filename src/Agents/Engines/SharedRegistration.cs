using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Engines;

/// <summary>
/// Checks that a shared engine and the agent store belong together, at every start of a process and again with the sweep. The count grows
/// once an hour at most, however many processes start, so a store that was restored to a moment of the same hour is not told.
/// </summary>
internal sealed class SharedRegistration(AgentStore store, SharedEngine engine, Action<string> crashPoint)
{
    /// <summary>How often the count grows, and so how old a restored store has to be to be told.</summary>
    public static readonly TimeSpan AdvanceEvery = TimeSpan.FromHours(1);

    private readonly EngineMarks marks = new(engine.Client);

    public string Id => engine.Id;

    /// <exception cref="StoresApartException">One of the two was restored, replaced or emptied without the other, or the engine is retired.</exception>
    public async Task CheckAsync()
    {
        while (true)
        {
            var (row, now) = await ReadAsync();
            row?.RefuseRetired($"Name a task hub that has not been used in place of {engine.EngineData}.");
            if (await FaultAsync(row) is { } fault)
            {
                // Another process may have gone on between the look at the one store and the look at the other.
                if (IsSame((await ReadAsync()).Row, row))
                {
                    throw new StoresApartException(fault);
                }
            }
            else if (row is { NextEpoch: null } && now - row.AdvancedAt < AdvanceEvery.Ticks)
            {
                await DescribeAsync(row);
                return;
            }
            else if (await store.WriteAsync(tx => NoteAsync(tx, row)) is { NextEpoch: { } next } noted)
            {
                await AdvanceAsync(noted.Mark, next);
                return;
            }
        }
    }

    /// <returns>The row with the count that comes next noted in it; null when it has changed since it was checked.</returns>
    private async Task<EngineRow?> NoteAsync(StoreTransaction tx, EngineRow? seen)
    {
        if (seen is null)
        {
            await tx.ReadClockAsync();
            await tx.ExecuteAsync("""
                INSERT INTO engines (id, kind, location, epoch, next_epoch, holder, heartbeat, mark, advanced_at, version, schema_version)
                VALUES (@Id, 'shared', @Location, 0, 1, '', @Now, @mark, @Now, @Version, @SchemaVersion) ON CONFLICT (id) DO NOTHING
                """, new { engine.Id, engine.Location, engine.Version, store.SchemaVersion, Now = tx.Now.UtcTicks, mark = Guid.NewGuid().ToString("N") });
            return null; // looked at again: another process may have been first
        }

        var row = await tx.FirstAsync<EngineRow>($"SELECT * FROM engines WHERE id = @Id{tx.ForNoKeyUpdate}", new { engine.Id });
        if (!IsSame(row, seen))
        {
            return null;
        }

        await tx.ReadClockAsync();
        var next = row!.NextEpoch ?? row.Epoch + 1;
        await tx.ExecuteAsync("UPDATE engines SET next_epoch = @next WHERE id = @Id", new { engine.Id, next });
        return row with { NextEpoch = next };
    }

    private async Task DescribeAsync(EngineRow row)
    {
        if ((row.Version, row.SchemaVersion, row.Location) != (engine.Version, store.SchemaVersion, engine.Location))
        {
            await store.WriteAsync(tx => tx.ExecuteAsync("UPDATE engines SET version = @Version, schema_version = @SchemaVersion, location = @Location WHERE id = @Id",
                new { engine.Id, engine.Version, store.SchemaVersion, engine.Location }));
        }
    }

    private async Task AdvanceAsync(string series, long next)
    {
        crashPoint(AgentCrashPoints.EpochNoted);
        await marks.WriteAsync(series, next);
        crashPoint(AgentCrashPoints.EpochMarked);
        if (next == 1 && (await marks.ListAsync()).Any(mark => mark.Series != series))
        {
            throw new StoresApartException(OfAnother); // two stores met the new hub at once
        }

        await store.WriteAsync(async tx =>
        {
            await tx.FirstAsync<string>($"SELECT id FROM engines WHERE id = @Id{tx.ForNoKeyUpdate}", new { engine.Id });
            await tx.ReadClockAsync();
            return await tx.ExecuteAsync("""
                UPDATE engines SET epoch = @next, next_epoch = NULL, advanced_at = @Now, version = @Version, schema_version = @SchemaVersion, location = @Location
                WHERE id = @Id AND next_epoch = @next
                """, new { engine.Id, engine.Version, store.SchemaVersion, engine.Location, next, Now = tx.Now.UtcTicks });
        });
    }

    private Task<(EngineRow? Row, long Now)> ReadAsync() => store.ReadAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return (await tx.FirstAsync<EngineRow>("SELECT * FROM engines WHERE id = @Id", new { engine.Id }), tx.Now.UtcTicks);
    });

    private static bool IsSame(EngineRow? one, EngineRow? other) => (one?.Epoch, one?.NextEpoch, one?.Mark) == (other?.Epoch, other?.NextEpoch, other?.Mark);

    /// <returns>What is wrong, for whoever has to mend it; null when the two belong together.</returns>
    private async Task<string?> FaultAsync(EngineRow? row)
    {
        if (row is null or { Epoch: 0 })
        {
            var there = await marks.ListAsync();
            return there.Any(mark => mark.Series != row?.Mark) ? OfAnother
                : there.Any(mark => mark.Epoch > 1) ? Apart(row!, there.Max(mark => mark.Epoch))
                : null;
        }

        if (await marks.ExistsAsync(row.Mark, row.Epoch) && !await marks.ExistsAsync(row.Mark, (row.NextEpoch ?? row.Epoch) + 1))
        {
            return null;
        }

        var ours = (await marks.ListAsync()).Where(mark => mark.Series == row.Mark).ToList();
        return ours.Count == 0 ? Empty(row) : Apart(row, ours.Max(mark => mark.Epoch));
    }

    private string OfAnother =>
        $"{engine.EngineData} holds the marks of another agent store, or of a later state of this one: {engine.StoreData} has never seen it. Name the agent store that belongs to it, or restore that; or name a task hub that has not been used.";

    private string Empty(EngineRow row) =>
        $"{engine.EngineData} is empty, though {engine.StoreData} counts {row.Epoch} epochs of engine {row.Id} there: it was emptied, replaced, or another one is named. Name the task hub of before; if that is gone for good, retire the engine (engines retire {row.Id}) and name a task hub that has not been used.";

    private string Apart(EngineRow row, long newest) =>
        $"{engine.EngineData} counts {newest} epochs of engine {row.Id}, {engine.StoreData} {row.Epoch}: {(newest < row.Epoch ? engine.EngineData : engine.StoreData)} was restored alone. Restore both to the same moment; if that cannot be, retire the engine (engines retire {row.Id}) and name a task hub that has not been used.";
}

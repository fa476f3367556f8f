using Holdfast.Agents.Runs;

namespace Holdfast.Agents.Storage;

/// <summary>An engine as the agent store has to know it.</summary>
/// <param name="Id">The engine's own id, for life.</param>
/// <param name="Epoch">How often the engine has been started, by its own count.</param>
/// <param name="Location">Where it keeps its data, for messages.</param>
/// <param name="AdvanceEpochAsync">Adds one to the engine's own count.</param>
public sealed record EngineDescription(string Id, long Epoch, string Location, Func<Task> AdvanceEpochAsync);

/// <summary>The two stores do not belong together: one of them was restored, moved or replaced without the other.</summary>
public sealed class StoresApartException(string message) : Exception(message);

/// <summary>
/// Brings an engine and the agent store together at a start. Both count the starts, in three steps, so that a kill between any two of them
/// is told from a store that was restored alone: the store notes the next count, the engine takes it, the store takes it.
/// </summary>
internal static class EngineRegistration
{
    /// <exception cref="StoresApartException">The counts differ by more than a kill in here explains, or the engine stands elsewhere.</exception>
    public static async Task<EngineHold> TakeAsync(AgentStore store, EngineDescription engine)
    {
        var hold = new EngineHold(engine.Id, Guid.NewGuid().ToString("N"));
        await store.WriteAsync(tx => NoteAsync(tx, engine, store.Place));
        await engine.AdvanceEpochAsync();
        await store.WriteAsync(async tx =>
        {
            await tx.FirstAsync<string>($"SELECT id FROM engines WHERE id = @Id{tx.ForUpdate}", new { engine.Id }); // before its runs, as every gate has it
            await tx.ReadClockAsync();
            var now = tx.Now.UtcTicks;

            // The clock of runs at work stood still while no process was there.
            await tx.ExecuteAsync("""
                UPDATE runs SET active = active + CASE WHEN e.heartbeat > active_since THEN e.heartbeat - active_since ELSE 0 END, active_since = @now
                FROM engines e WHERE runs.engine = @Id AND e.id = @Id AND active_since IS NOT NULL AND ended_at IS NULL
                """, new { engine.Id, now });
            return await tx.ExecuteAsync("UPDATE engines SET epoch = next_epoch, next_epoch = NULL, holder = @Holder, heartbeat = @now, schema_version = @Version WHERE id = @Id",
                new { engine.Id, hold.Holder, now, Version = store.SchemaVersion });
        });
        return hold;
    }

    private static async Task<bool> NoteAsync(StoreTransaction tx, EngineDescription engine, string store)
    {
        var known = await tx.FirstAsync<Row>($"SELECT * FROM engines WHERE id = @Id{tx.ForUpdate}", new { engine.Id });
        await tx.ReadClockAsync();
        if (known is null)
        {
            if (engine.Epoch > 0)
            {
                throw new StoresApartException(
                    $"Engine {engine.Id} in {engine.Location} has been started {engine.Epoch} times, but the agent store has never seen it. Restore engine.db and {store} from the same backup, or move both away to begin anew.");
            }

            if (await tx.FirstAsync<string>("SELECT id FROM engines WHERE location = @Location", new { engine.Location }) is { } other)
            {
                throw new StoresApartException(
                    $"The engine in {engine.Location} is new, but the agent store knows engine {other} there. Its engine.db is missing: restore it from the same backup as {store}, or move both away to begin anew.");
            }

            await tx.ExecuteAsync("INSERT INTO engines (id, location, epoch, next_epoch, holder, heartbeat) VALUES (@Id, @Location, 0, 1, '', @Now)",
                new { engine.Id, engine.Location, Now = tx.Now.UtcTicks });
            return true;
        }

        if (known.Location != engine.Location)
        {
            throw new StoresApartException(
                $"Engine {engine.Id} stood in {known.Location} and is now started from {engine.Location}. Start it from there; a copy beside the original would run everything twice.");
        }

        if (engine.Epoch != known.Epoch && engine.Epoch != known.NextEpoch)
        {
            throw new StoresApartException(
                $"engine.db in {engine.Location} counts {engine.Epoch} starts, {store} {known.Epoch}: {(engine.Epoch < known.Epoch ? "engine.db" : store)} was restored alone. Restore both from the same backup.");
        }

        await tx.ExecuteAsync("UPDATE engines SET next_epoch = @next WHERE id = @Id", new { engine.Id, next = engine.Epoch + 1 });
        return true;
    }

    private sealed class Row
    {
        public string Location { get; init; } = "";

        public long Epoch { get; init; }

        public long? NextEpoch { get; init; }
    }
}

using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Engines;

/// <summary>
/// Brings an engine and the agent store together at a start. Both count, in three steps, so that a kill between any two of them is told from
/// a store that was restored alone: the store notes the next count, the engine takes it, the store takes it.
/// </summary>
internal static class EngineRegistration
{
    /// <exception cref="StoresApartException">The counts differ by more than a kill in here explains, or the engine stands elsewhere, or is retired.</exception>
    public static Task<EngineHold> TakeAsync(AgentStore store, EngineDescription engine, AgentOptions options) => engine switch
    {
        HeldEngine held => HoldAsync(store, held, options),
        SharedEngine shared => ShareAsync(store, new SharedRegistration(store, shared, options.CrashPoint)),
        _ => throw new ArgumentException($"An engine is held or shared; {engine.GetType().Name} is neither.", nameof(engine)),
    };

    private static async Task<EngineHold> ShareAsync(AgentStore store, SharedRegistration registration)
    {
        await registration.CheckAsync();
        return EngineHold.Shared(registration);
    }

    private static async Task<EngineHold> HoldAsync(AgentStore store, HeldEngine engine, AgentOptions options)
    {
        var hold = EngineHold.Held(engine.Id);
        await store.WriteAsync(tx => NoteAsync(tx, engine));
        options.CrashPoint(AgentCrashPoints.EpochNoted);
        await engine.AdvanceEpochAsync();
        options.CrashPoint(AgentCrashPoints.EpochMarked);
        await Standstill.OfAllAsync(store, engine.Id, refusable: false);
        await store.WriteAsync(async tx =>
        {
            await tx.FirstAsync<string>($"SELECT id FROM engines WHERE id = @Id{tx.ForUpdate}", new { engine.Id });
            await tx.ReadClockAsync();
            return await tx.ExecuteAsync("""
                UPDATE engines SET epoch = next_epoch, next_epoch = NULL, holder = @Holder, heartbeat = @now, version = @Version, schema_version = @SchemaVersion WHERE id = @Id
                """, new { engine.Id, hold.Holder, engine.Version, store.SchemaVersion, now = tx.Now.UtcTicks });
        });
        return hold;
    }

    private static async Task<bool> NoteAsync(StoreTransaction tx, HeldEngine engine)
    {
        var known = await tx.FirstAsync<EngineRow>($"SELECT * FROM engines WHERE id = @Id{tx.ForUpdate}", new { engine.Id });
        if (known is null)
        {
            await tx.ReadClockAsync();
            await RefuseUnknownAsync(tx, engine);
            await tx.ExecuteAsync("INSERT INTO engines (id, location, epoch, next_epoch, holder, heartbeat) VALUES (@Id, @Location, 0, 1, '', @Now)",
                new { engine.Id, engine.Location, Now = tx.Now.UtcTicks });
            return true;
        }

        known.RefuseRetired($"Move {engine.EngineData} away to begin with a new engine.");
        if (known.Location != engine.Location)
        {
            throw new StoresApartException(
                $"Engine {engine.Id} stood in {known.Location} and is now started from {engine.Location}. Start it from there; a copy beside the original would run everything twice.");
        }

        if (engine.Epoch != known.Epoch && engine.Epoch != known.NextEpoch)
        {
            throw new StoresApartException(
                $"{engine.EngineData} in {engine.Location} counts {engine.Epoch} starts, {engine.StoreData} {known.Epoch}: {(engine.Epoch < known.Epoch ? engine.EngineData : engine.StoreData)} was restored alone. Restore both from the same backup.");
        }

        await tx.ExecuteAsync("UPDATE engines SET next_epoch = @next WHERE id = @Id", new { engine.Id, next = engine.Epoch + 1 });
        return true;
    }

    private static async Task RefuseUnknownAsync(StoreTransaction tx, HeldEngine engine)
    {
        if (engine.Epoch > 0)
        {
            throw new StoresApartException(
                $"Engine {engine.Id} in {engine.Location} has been started {engine.Epoch} times, but the agent store has never seen it. Restore {engine.EngineData} and {engine.StoreData} from the same backup, or move both away to begin anew.");
        }

        if (await tx.FirstAsync<string>("SELECT id FROM engines WHERE location = @Location AND retired_at IS NULL", new { engine.Location }) is { } other)
        {
            throw new StoresApartException(
                $"The engine in {engine.Location} is new, but the agent store knows engine {other} there. Its {engine.EngineData} is missing: restore it from the same backup as {engine.StoreData}, or move both away to begin anew, or retire the engine (engines retire {other}).");
        }
    }
}

using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Engines;

/// <summary>This process's leave to serve its engine: checked wherever something begins, so that a process that lost it begins nothing more.</summary>
internal sealed class EngineHold
{
    /// <summary>How long an engine may be unseen before that is told: a timer of once a minute may fail a few times.</summary>
    public static readonly TimeSpan Absence = TimeSpan.FromMinutes(5);

    private const string Columns = "SELECT id, location, holder, retired_at, retired_by FROM engines";

    private readonly TaskCompletionSource<Exception> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SharedRegistration? registration;

    private EngineHold(string id, SharedRegistration? registration)
    {
        Id = id;
        this.registration = registration;
    }

    public string Id { get; }

    /// <summary>This process: new for each.</summary>
    public string Holder { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Whether other processes may serve the engine beside this one.</summary>
    public bool IsShared => registration is not null;

    /// <summary>Completes when this process may not serve the engine any longer: it must end.</summary>
    public Task<Exception> Lost => lost.Task;

    public static EngineHold Held(string id) => new(id, null);

    public static EngineHold Shared(SharedRegistration registration) => new(registration.Id, registration);

    /// <summary>Whether a live lease that a process took is to be waited for: one of an earlier process of a held engine has lapsed with it.</summary>
    public bool Respects(string? holder) => IsShared || holder == Holder;

    /// <summary>For what begins in a run.</summary>
    /// <param name="run">The run's id: one that has ended may be closed in an engine that is retired, so that nothing of it is left there.</param>
    /// <exception cref="EngineLostException">Another process has taken the engine over, or it is retired.</exception>
    public async Task CheckAsync(StoreTransaction tx, string? run = null)
    {
        if (await WhyLostAsync(tx) is not { } why)
        {
            return;
        }

        if (!IsShared || run is null || await tx.FirstAsync<long?>("SELECT 1 FROM runs WHERE id = @run AND ended_at IS NOT NULL", new { run }) is null)
        {
            throw Lose(why);
        }
    }

    /// <summary>For a new run, which nobody would take up: whoever asks for it is told.</summary>
    /// <exception cref="RefusedException">The engine is retired, or this process may not serve it any longer.</exception>
    public async Task RefuseLostAsync(StoreTransaction tx)
    {
        if (lost.Task.IsCompleted)
        {
            throw new RefusedException(Refusal.Conflict, $"This host takes no new runs. {(await lost.Task).Message}");
        }

        // A retirement waits for this, and so finds the run: no lock of a run that it could meet is there yet.
        var row = await RowAsync(tx, tx.ForKeyShare);
        if (row is { RetiredAt: not null })
        {
            throw new RefusedException(Refusal.Conflict, $"{row.Retirement}, so this host takes no new runs. Ask a host of another engine.");
        }
    }

    /// <summary>Looks again whether the engine and the store belong together: a store may be restored under a process that goes on.</summary>
    /// <exception cref="EngineLostException">They do not.</exception>
    public async Task CheckStoresAsync()
    {
        try
        {
            await (registration?.CheckAsync() ?? Task.CompletedTask);
        }
        catch (StoresApartException e)
        {
            throw Lose(e.Message);
        }
    }

    private async Task<string?> WhyLostAsync(StoreTransaction tx)
    {
        if (lost.Task.IsCompleted)
        {
            return (await lost.Task).Message;
        }

        // A takeover waits for the gates that are under way; the heartbeat does not, or gates upon gates would keep it from ever being written. A
        // shared engine is never taken over, and its retirement meets each of its runs under that one's lock: there the row is only read.
        var row = await RowAsync(tx, IsShared ? "" : tx.ForKeyShare);
        return row is { RetiredAt: not null } ? $"{row.Retirement}. This process begins nothing more; stop it."
            : row is not null && (IsShared || row.Holder == Holder) ? null
            : $"Engine {Id} is held by another process now. This one begins nothing more; stop it.";
    }

    /// <summary>The engine's row, locked unless it is retired: whoever retires it waits for those who hold the lock, and must not meet new ones for ever.</summary>
    private async Task<EngineRow?> RowAsync(StoreTransaction tx, string locking) =>
        await tx.FirstAsync<EngineRow>($"{Columns} WHERE id = @Id AND retired_at IS NULL{locking}", new { Id }) ?? await tx.FirstAsync<EngineRow>($"{Columns} WHERE id = @Id", new { Id });

    private EngineLostException Lose(string message)
    {
        var cause = new EngineLostException(message);
        lost.TrySetResult(cause);
        return cause;
    }
}

/// <summary>This process may not serve its engine any longer.</summary>
internal sealed class EngineLostException(string message) : Exception(message);

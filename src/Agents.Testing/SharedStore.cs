using Holdfast.Agents.Storage;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Testing;

/// <summary>One agent store and one clock for several engines, or for several processes of one.</summary>
public sealed class SharedStore : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("holdfast-store-").FullName;
    private readonly Lazy<SqliteDialect> file;

    private SharedStore(StoreUnderTest database)
    {
        Database = database;
        file = new(() => SqliteDialect.Open(Path.Combine(directory, "agents.db"), Time, NullLogger.Instance));
    }

    public StoreUnderTest Database { get; }

    public VirtualTime Time { get; } = new();

    public static async Task<SharedStore> NewAsync() => new(await StoreUnderTest.NewAsync());

    /// <summary>The store as one more process has it: disposed, it is closed for that process alone.</summary>
    public async Task<AgentStore> OpenAsync() => StoreUnderTest.IsPostgres ? await Database.OpenAsync(directory, Time)
        : new(new Borrowed(file.Value)); // which one process writes

    public void Dispose()
    {
        if (file.IsValueCreated)
        {
            file.Value.Dispose();
        }

        Directory.Delete(directory, recursive: true);
    }

    private sealed class Borrowed(IDialect owner) : IDialect
    {
        private volatile bool isClosed;

        public Task<Exception> Failed => owner.Failed;

        public string? Away => owner.Away;

        public string Place => owner.Place;

        public int SchemaVersion => owner.SchemaVersion;

        public bool Caused(Exception exception) => owner.Caused(exception);

        public Task<(T Result, StoreTransaction Committed)> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            return owner.WriteAsync(work, refusable);
        }

        public Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query, bool refusable)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            return owner.ReadAsync(query, refusable);
        }

        public void Dispose() => isClosed = true;
    }
}

using Holdfast.Agents.Storage;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Testing;

/// <summary>One agent store and one clock for several engines, or for several processes of one.</summary>
public sealed class SharedStore : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("holdfast-store-").FullName;
    private readonly SqliteDialect dialect;

    public SharedStore() => dialect = SqliteDialect.Open(Path.Combine(directory, "agents.db"), Time, NullLogger.Instance);

    public VirtualTime Time { get; } = new();

    /// <summary>The store as one more process has it: disposed, it is closed for that process alone.</summary>
    public AgentStore Open() => new(new Borrowed(dialect));

    public void Dispose()
    {
        dialect.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private sealed class Borrowed(IDialect owner) : IDialect
    {
        private volatile bool isClosed;

        public Task<Exception> Failed => owner.Failed;

        public bool Caused(Exception exception) => owner.Caused(exception);

        public Task<(T Result, StoreTransaction Committed)> WriteAsync<T>(Func<StoreTransaction, Task<T>> work, bool refusable)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            return owner.WriteAsync(work, refusable);
        }

        public Task<T> ReadAsync<T>(Func<StoreTransaction, Task<T>> query)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            return owner.ReadAsync(query);
        }

        public void Dispose() => isClosed = true;
    }
}

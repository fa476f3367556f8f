using System.Collections.Concurrent;

namespace Holdfast.Sqlite;

/// <summary>Readers of one file, opened as they are needed and used again. One that is in use is never closed under its query.</summary>
/// <param name="open">Opens another reader.</param>
public sealed class ReaderPool<T>(Func<T> open) : IDisposable
    where T : IDisposable
{
    private readonly ConcurrentBag<T> idle = [];
    private volatile bool closed;

    /// <summary>A reader for one caller, until <see cref="Return"/>.</summary>
    /// <exception cref="ObjectDisposedException">The pool is closed: the process is stopping.</exception>
    public T Rent()
    {
        ObjectDisposedException.ThrowIf(closed, this);
        return idle.TryTake(out var reader) ? reader : open();
    }

    public void Return(T reader)
    {
        idle.Add(reader);
        if (closed)
        {
            CloseIdle();
        }
    }

    /// <summary>Closes what is idle now, and what is in use as it comes back.</summary>
    public void Dispose()
    {
        closed = true;
        CloseIdle();
    }

    private void CloseIdle()
    {
        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }
}

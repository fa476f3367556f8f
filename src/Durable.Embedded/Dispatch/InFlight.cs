using System.IO.MemoryMappedFiles;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>
/// A small file that says which work is running at this moment. It is mapped into memory and never flushed: the pages outlive a process
/// that is killed, which is the only case it is for. After a power cut it may say anything, so a reader checks each entry.
/// </summary>
internal sealed class InFlight : IDisposable
{
    private const int EntrySize = 2 * sizeof(long);
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly Stack<int> free;
    private readonly Lock gate = new();

    private InFlight(MemoryMappedFile file, int entries)
    {
        this.file = file;
        view = file.CreateViewAccessor();
        free = new Stack<int>(Enumerable.Range(0, entries).Reverse());
    }

    /// <summary>Opens the file with room for <paramref name="entries"/> and returns what an earlier process left in it.</summary>
    public static (InFlight File, IReadOnlyList<(long Key, long Step)> LeftBehind) Open(string path, int entries)
    {
        List<(long, long)> left = [];
        var old = File.Exists(path) ? File.ReadAllBytes(path) : [];
        for (var at = 0; at + EntrySize <= old.Length; at += EntrySize)
        {
            if (BitConverter.ToInt64(old, at) is var key and > 0 && BitConverter.ToInt64(old, at + sizeof(long)) is var step and >= 0)
            {
                left.Add((key, step));
            }
        }

        using (var stream = new FileStream(path, FileMode.Append, FileAccess.Write))
        {
            // Written, not merely reserved: a page that a full disk cannot back would end the process when it is touched.
            stream.Write(new byte[Math.Max(0, (entries * EntrySize) - old.Length)]);
        }

        return (new InFlight(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0), entries), left);
    }

    /// <summary>Forgets what an earlier process left, once it has been counted.</summary>
    public void Clear()
    {
        for (var at = 0L; at < view.Capacity; at += sizeof(long))
        {
            view.Write(at, 0L);
        }
    }

    /// <param name="step">The activity's step; 0 for the instance's code itself.</param>
    public int Begin(long key, long step)
    {
        int entry;
        lock (gate)
        {
            entry = free.Pop();
        }

        view.Write((entry * EntrySize) + sizeof(long), step);
        view.Write(entry * EntrySize, key);
        return entry;
    }

    public void End(int entry)
    {
        view.Write(entry * EntrySize, 0L);
        lock (gate)
        {
            free.Push(entry);
        }
    }

    public void Dispose()
    {
        view.Dispose();
        file.Dispose();
    }
}

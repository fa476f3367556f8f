using System.Globalization;
using Holdfast.Sqlite;

namespace Holdfast.Durable.Embedded.Storage;

/// <summary>A directory that one process owns for as long as it lives; the system frees it however the process ends.</summary>
public sealed class DataDirectory : IDisposable
{
    private readonly FileStream held;

    private DataDirectory(string path, FileStream held)
    {
        Path = path;
        this.held = held;
    }

    public string Path { get; }

    /// <exception cref="DataDirectoryOwnedException">Another process holds it.</exception>
    /// <exception cref="DatabaseException">It cannot be created or written.</exception>
    public static DataDirectory Own(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        var lockFile = System.IO.Path.Combine(path, "lock");
        var ownerFile = System.IO.Path.Combine(path, "owner");
        FileStream? held = null;
        try
        {
            Create(path);
            held = new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(ownerFile, string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}"));
            return new DataDirectory(path, held);
        }
        catch (IOException e) when (held is null && File.Exists(lockFile) && IsHeld(lockFile))
        {
            // It may just be writing who it is.
            var owner = File.Exists(ownerFile) && File.ReadAllText(ownerFile) is { Length: > 0 } named ? named : "another process";
            throw new DataDirectoryOwnedException(path, owner, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new DatabaseException($"Data directory {path} cannot be written: {e.Message} Name another, or give this process write permission.", e);
        }
    }

    public void Dispose() => held.Dispose();

    // What people have said lies in it. One that is there already is as its owner wants it.
    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static bool IsHeld(string lockFile)
    {
        try
        {
            using var probe = new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}

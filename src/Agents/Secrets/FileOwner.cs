using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Agents.Secrets;

/// <summary>Whose a file is, which .NET does not tell. Linux only: there the call has the same shape on every processor (statx(2)).</summary>
public static class FileOwner
{
    private const int EmptyPath = 0x1000;
    private const uint Uid = 0x8;
    private const int UidAt = 20;

    /// <summary>The user this process is.</summary>
    public static uint Me => geteuid();

    /// <returns>The owner's user id; null where it cannot be asked.</returns>
    public static uint? Of(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var answer = new byte[256];
        try
        {
            return statx(handle, [0], EmptyPath, Uid, answer) == 0 ? BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(UidAt)) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null; // a C library from before 2018
        }
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(SafeFileHandle directory, byte[] path, int flags, uint mask, byte[] answer);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Agents.Links;
using Holdfast.Agents.Secrets;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Host.Local;

/// <summary>
/// The keys of links of a host that is given none: a file in its data directory that its own user alone may read, one key a line. The first signs;
/// to take another, put it on a line before it.
/// </summary>
internal static class LinkKeyFile
{
    public const string Name = "link.key";

    /// <summary>Reads it, and makes it where there is none. The caller owns the data directory.</summary>
    /// <exception cref="SecretException">It cannot be read or written, or is open to others.</exception>
    public static LinkKeys Open(string data, SecretSource secrets)
    {
        var file = Path.Combine(data, Name);
        var text = SecretSource.ReadFile(file) ?? Make(data, file);
        return LinkKeys.Of(file, [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(key => secrets.Resolve(file, key))]);
    }

    // Under another name until all of it is on disk: a kill leaves no half a key, and no link is signed by one that a crash takes away.
    private static string Make(string data, string file)
    {
        var unfinished = $"{file}.new";
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        try
        {
            File.Delete(unfinished);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(unfinished, options))
            {
                stream.Write(Encoding.ASCII.GetBytes($"{key}\n"));
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, file);
            FlushDirectory(data);
            return key;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SecretException($"{file} cannot be written: {e.Message} Let this process write its data directory, or give keys with HOLDFAST_LINK_KEY.", e);
        }
    }

    // The file's name is in its directory, which .NET does not flush. A file system that cannot is left to do as it does.
    private static void FlushDirectory(string data)
    {
        if (!OperatingSystem.IsWindows())
        {
            using var directory = open([.. Encoding.UTF8.GetBytes(data), 0], 0);
            _ = directory.IsInvalid ? -1 : fsync(directory);
        }
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle open(byte[] path, int flags);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(SafeFileHandle file);
}

using System.Reflection;
using System.Runtime.InteropServices;

namespace Holdfast.Sqlite;

/// <summary>
/// Loads SQLite from the operating system, which patches it, instead of from a package, which does not (docs/decisions/0002).
/// </summary>
public static class SystemSqlite
{
    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>Makes Microsoft.Data.Sqlite work in this process; may be called any number of times.</summary>
    /// <exception cref="DatabaseException">The system has no SQLite library.</exception>
    public static void EnsureLoaded() => _ = Loaded.Value;

    private static bool Load()
    {
        var library = OperatingSystem.IsWindows() ? "winsqlite3" : OperatingSystem.IsMacOS() ? "libsqlite3.dylib" : "libsqlite3.so.0";
        if (!NativeLibrary.TryLoad(library, out var handle))
        {
            throw new DatabaseException($"The system's SQLite library ({library}) is not installed. On Debian or Ubuntu: apt-get install libsqlite3-0.");
        }

        NativeLibrary.SetDllImportResolver(typeof(SQLitePCL.SQLite3Provider_e_sqlite3).Assembly, Resolve);
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_e_sqlite3());
        return true;

        IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == "e_sqlite3" ? handle : IntPtr.Zero;
    }
}

namespace Holdfast.Sqlite;

/// <summary>A database file that cannot be used as it is. The message names the file, the fact and the remedy; the file is left untouched.</summary>
public class DatabaseException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The file is not what this program wrote: truncated, overwritten, or never a database.</summary>
public sealed class DamagedDatabaseException(string path, string fact, Exception? inner = null)
    : DatabaseException($"Database {path} is damaged: {fact}. It has been left untouched. Restore it from a backup, or move it away to begin anew.", inner);

/// <summary>The file was written by a newer release.</summary>
public sealed class NewerSchemaException(string path, long found, int known)
    : DatabaseException($"Database {path} has schema version {found}; this release knows versions up to {known}. It has been left untouched. Run the newer release.");

/// <summary>Nothing was written: the disk, or the size set for the file, is full, or another program holds the file locked. Try again later.</summary>
public sealed class DatabaseFullException(string path, string fact, Exception inner)
    : DatabaseException($"Database {path} cannot take more now: {fact}. Nothing was changed. Free disk space; work goes on by itself.", inner);

using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>What a program keeps in a file of its own.</summary>
/// <param name="Name">For messages.</param>
/// <param name="ApplicationId">Marks the file as ours (SQLite's application_id).</param>
/// <param name="Migrations">SQL of each version, from version 1; only ever appended to.</param>
public sealed record DatabaseSchema(string Name, int ApplicationId, IReadOnlyList<string> Migrations);

/// <summary>Opens one SQLite file the one way that is safe here: a single writing connection, any number of reading ones.</summary>
/// <remarks>SQLite 3.7.0 to 3.51.2 can corrupt a WAL file when two connections write or checkpoint at once; only the writer does either.</remarks>
public static class DatabaseFile
{
    private const long CheckedWhole = 64 << 20;

    /// <summary>The writing connection; creates or migrates the file. A file that is not right is refused before anything is written to it.</summary>
    /// <param name="maxPages">The most pages of 4 KiB that the file may have; null for no bound.</param>
    /// <exception cref="DatabaseException">Damaged, read-only, newer, or another program's.</exception>
    public static SqliteConnection OpenWriter(string path, DatabaseSchema schema, long? maxPages = null)
    {
        SystemSqlite.EnsureLoaded();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (File.Exists(path) && (new FileInfo(path).Length > 0 || File.Exists(path + "-wal")))
        {
            Inspect(path, schema);
        }

        var connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;");
            if (maxPages is { } pages)
            {
                connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));
            }

            Migrate(connection, schema);
            return connection;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL)
        {
            connection.Dispose();
            throw new DatabaseFullException(path, "there is no room even for its tables", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection that only reads, and never checkpoints.</summary>
    public static SqliteConnection OpenReader(string path)
    {
        SystemSqlite.EnsureLoaded();
        var connection = Connect(path, SqliteOpenMode.ReadOnly);
        connection.Execute("PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON;");
        return connection;
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        connection.Execute("PRAGMA busy_timeout = 5000");
        return connection;
    }

    private static void Inspect(string path, DatabaseSchema schema)
    {
        if (File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly))
        {
            throw new DatabaseException($"Database {path} is read-only. Give this process write permission to it: chmod u+w.");
        }

        Span<byte> header = stackalloc byte[16];
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            var read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (read > 0 && !header[..read].SequenceEqual("SQLite format 3\0"u8[..read]))
            {
                throw new DamagedDatabaseException(path, "it does not begin like a SQLite file");
            }
        }

        try
        {
            using var connection = Connect(path, SqliteOpenMode.ReadOnly);
            var applicationId = connection.Scalar("PRAGMA application_id");
            var version = connection.Scalar("PRAGMA user_version");
            if (version == 0 && connection.Scalar("SELECT COUNT(*) FROM sqlite_master") == 0)
            {
                return; // killed before its first migration
            }

            if (applicationId != schema.ApplicationId)
            {
                throw new DatabaseException($"Database {path} does not belong to {schema.Name}. It has been left untouched. Name another data directory.");
            }

            if (version > schema.Migrations.Count)
            {
                throw new NewerSchemaException(path, version, schema.Migrations.Count);
            }

            // Whole only while it is quick: a large file is still checked page by page as it is read.
            if (new FileInfo(path).Length <= CheckedWhole && connection.Text("PRAGMA quick_check(1)") is var verdict && verdict != "ok")
            {
                throw new DamagedDatabaseException(path, verdict.ReplaceLineEndings(" "));
            }
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB or SQLitePCL.raw.SQLITE_IOERR)
        {
            throw new DamagedDatabaseException(path, e.Message, e);
        }
    }

    private static void Migrate(SqliteConnection connection, DatabaseSchema schema)
    {
        var version = connection.Scalar("PRAGMA user_version");
        if (version == schema.Migrations.Count)
        {
            return;
        }

        using var transaction = connection.BeginTransaction(deferred: false);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {schema.ApplicationId}"));
        for (var next = (int)version; next < schema.Migrations.Count; next++)
        {
            connection.Execute(schema.Migrations[next]);
        }

        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {schema.Migrations.Count}"));
        transaction.Commit();
    }
}

internal static class Sql
{
    public static void Execute(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long Scalar(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    public static string Text(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (string)command.ExecuteScalar()!;
    }
}

using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Holdfast.Sqlite;

/// <summary>A prepared statement, for the paths where a command object per call would be the cost. Not thread-safe, like its connection.</summary>
public sealed class Statement : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly sqlite3_stmt statement;
    private int bound;

    public Statement(SqliteConnection connection, string sql)
    {
        this.connection = connection;
        Check(raw.sqlite3_prepare_v2(connection.Handle, sql, out statement));
    }

    /// <summary>Begins a new execution; the values follow in the order of the question marks.</summary>
    public Statement With()
    {
        raw.sqlite3_reset(statement);
        bound = 0;
        return this;
    }

    public Statement With(long first) => With().And(first);

    public Statement With(string first) => With().And(first);

    public Statement And(long value)
    {
        Check(raw.sqlite3_bind_int64(statement, ++bound, value));
        return this;
    }

    public Statement And(long? value) => value is { } number ? And(number) : Null();

    public Statement And(string? value)
    {
        if (value is null)
        {
            return Null();
        }

        Check(raw.sqlite3_bind_text(statement, ++bound, value));
        return this;
    }

    /// <summary>Runs to the end and leaves no lock behind.</summary>
    /// <returns>The rows changed.</returns>
    public int Run()
    {
        while (Next())
        {
        }

        return raw.sqlite3_changes(connection.Handle);
    }

    /// <summary>Steps to the next row; false after the last, and the statement is then reset.</summary>
    public bool Next()
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        var reset = raw.sqlite3_reset(statement);
        Check(code == raw.SQLITE_DONE ? reset : code);
        return false;
    }

    /// <summary>Ends an execution before its last row.</summary>
    public void End() => raw.sqlite3_reset(statement);

    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public void Dispose() => statement.Dispose();

    private Statement Null()
    {
        Check(raw.sqlite3_bind_null(statement, ++bound));
        return this;
    }

    private bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, connection.Handle);
}

/// <summary>The statements of one connection, disposed together: a file is only closed once none is left.</summary>
public sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly List<Statement> all = [];

    public Statement Prepare(string sql)
    {
        var statement = new Statement(connection, sql);
        all.Add(statement);
        return statement;
    }

    public void Dispose()
    {
        foreach (var statement in all)
        {
            statement.Dispose();
        }
    }
}

using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Holdfast.Durable.Embedded.Storage;

/// <summary>engine.db: one writer that commits in groups, and readers.</summary>
internal sealed class EngineStore : IDisposable
{
    private readonly ReaderPool<EngineReader> readers;
    private readonly Statements statements;
    private readonly GroupWriter writer;
    private readonly EngineTables tables;

    private EngineStore(string path, SqliteConnection connection, ILogger logger)
    {
        readers = new ReaderPool<EngineReader>(() => EngineReader.Open(path));
        statements = new Statements(connection);
        tables = new EngineTables(connection, statements);
        Identity = ReadIdentity(connection);
        writer = new GroupWriter(connection, logger);
    }

    public EngineIdentity Identity { get; private set; }

    public Task<Exception> Failed => writer.Failed;

    public static EngineStore Open(EngineOptions options, string directory, ILogger logger)
    {
        var path = Path.Combine(directory, "engine.db");
        var connection = DatabaseFile.OpenWriter(path, EngineSchema.Current, options.MaxDatabasePages);
        try
        {
            return new EngineStore(path, connection, logger);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>What whoever asks while the engine stops is told.</summary>
    public static EngineUnavailableException Stopping(Exception? inner = null) => new("The engine is stopping. Ask again when it is back.", inner);

    /// <summary>A change that the engine itself needs: it waits for disk space rather than fail.</summary>
    public Task<T> WriteAsync<T>(Func<EngineTables, T> work, Action<T>? committed = null) =>
        writer.WriteAsync(_ => work(tables), refusable: false, committed);

    /// <summary>A change that a client asked for: refused while the disk is full.</summary>
    /// <exception cref="EngineUnavailableException">No space, or the engine is stopping.</exception>
    public async Task<T> AcceptAsync<T>(Func<EngineTables, T> work, Action<T>? committed = null)
    {
        try
        {
            return await writer.WriteAsync(_ => work(tables), refusable: true, committed);
        }
        catch (Exception e) when (e is DatabaseFullException or ObjectDisposedException)
        {
            throw new EngineUnavailableException(e.Message, e);
        }
    }

    public T Read<T>(Func<EngineReader, T> query)
    {
        EngineReader reader;
        try
        {
            reader = readers.Rent();
        }
        catch (ObjectDisposedException e)
        {
            throw Stopping(e);
        }

        try
        {
            return query(reader);
        }
        finally
        {
            readers.Return(reader);
        }
    }

    /// <summary>Counts this start of the engine, so that another store restored alone can be told from this one.</summary>
    public async Task AdvanceEpochAsync()
    {
        var next = Identity with { Epoch = Identity.Epoch + 1 };
        await writer.WriteAsync(connection =>
        {
            using var statement = new Statement(connection, "UPDATE engine SET epoch = ?");
            return statement.With(next.Epoch).Run();
        });
        Identity = next;
    }

    public void Dispose()
    {
        readers.Dispose();
        writer.Dispose();
        statements.Dispose();
    }

    private static EngineIdentity ReadIdentity(SqliteConnection connection)
    {
        using var select = new Statement(connection, "SELECT id, epoch FROM engine");
        if (select.With().Next())
        {
            var identity = new EngineIdentity(select.Text(0), select.Int64(1));
            select.End();
            return identity;
        }

        var id = Guid.NewGuid().ToString("N");
        using var insert = new Statement(connection, "INSERT INTO engine (id, epoch) VALUES (?, 0)");
        insert.With(id).Run();
        return new EngineIdentity(id, 0);
    }
}

/// <summary>Queries on a connection of their own; each sees one consistent state.</summary>
internal sealed class EngineReader(SqliteConnection connection, Statements statements) : IDisposable
{
    private const string MetadataColumns = """
        SELECT key, id, name, status, created_at, custom_status,
          CASE status WHEN 3 THEN (SELECT payload FROM history WHERE instance = key ORDER BY seq DESC LIMIT 1) ELSE cause END,
          (SELECT at FROM history WHERE instance = key ORDER BY seq DESC LIMIT 1)
        FROM instances
        """;

    /// <summary>The keys first, from the index alone: what else a row has is read only for those of the page.</summary>
    internal const string KeysByStatus =
        "SELECT key FROM instances WHERE status IN (SELECT value FROM json_each(?)) AND key > ? ORDER BY key LIMIT 200";

    private readonly Statement begin = statements.Prepare("BEGIN");
    private readonly Statement commit = statements.Prepare("COMMIT");
    private readonly Statement instance = statements.Prepare("""
        SELECT i.id, i.name, i.version, i.status, i.readiness, i.steps_before, i.custom_status, p.id, p.name
        FROM instances i LEFT JOIN instances p ON p.key = i.parent WHERE i.key = ?
        """);

    private readonly Statement history = statements.Prepare("SELECT kind, step, at, name, payload FROM history WHERE instance = ? ORDER BY seq");
    private readonly Statement inbox = statements.Prepare("SELECT id, kind, step, name, payload FROM inbox WHERE instance = ? ORDER BY id");
    private readonly Statement byId = statements.Prepare($"{MetadataColumns} WHERE id = ?");
    private readonly Statement page = statements.Prepare($"{MetadataColumns} WHERE key > ? ORDER BY key LIMIT 200");
    private readonly Statement byStatus = statements.Prepare($"{MetadataColumns} WHERE key IN ({KeysByStatus}) ORDER BY key");
    private readonly Statement startsAt = statements.Prepare("SELECT due FROM timers WHERE instance = ? AND step = 0");
    private readonly Statement started = statements.Prepare("SELECT payload FROM history WHERE instance = ? AND kind = 1 ORDER BY seq LIMIT 1");
    private readonly Statement last = statements.Prepare("SELECT kind, payload FROM history WHERE instance = ? ORDER BY seq DESC LIMIT 1");

    public static EngineReader Open(string path)
    {
        var connection = DatabaseFile.OpenReader(path);
        return new EngineReader(connection, new Statements(connection));
    }

    /// <summary>The instance, and if its code may run all that it is to meet.</summary>
    public LoadedInstance? Load(long key)
    {
        begin.Run();
        try
        {
            if (!instance.With(key).Next())
            {
                return null;
            }

            var row = new InstanceRow(key, instance.Text(0), instance.Text(1), instance.Text(2), (OrchestrationRuntimeStatus)instance.Int64(3),
                (Readiness)instance.Int64(4), instance.Int64(5), instance.TextOrNull(6));
            var parent = instance.TextOrNull(7) is { } parentId ? new ParentInstance(instance.Text(8), parentId) : null;
            instance.End();
            if (row.Status is not (OrchestrationRuntimeStatus.Pending or OrchestrationRuntimeStatus.Running))
            {
                return new LoadedInstance(row, parent, null, [], []);
            }

            List<HistoryRow> rows = [];
            history.With(key);
            while (history.Next())
            {
                rows.Add(new HistoryRow((RowKind)history.Int64(0), history.Int64(1), history.Int64(2), history.TextOrNull(3), history.TextOrNull(4)));
            }

            List<Message> messages = [];
            inbox.With(key);
            while (inbox.Next())
            {
                messages.Add(new Message((RowKind)inbox.Int64(1), inbox.Int64(2), inbox.TextOrNull(3), inbox.TextOrNull(4), inbox.Int64(0)));
            }

            return new LoadedInstance(row, parent, startsAt.With(key).Next() ? startsAt.Int64(0) : null, rows, messages);
        }
        finally
        {
            startsAt.End();
            commit.Run();
        }
    }

    public OrchestrationMetadata? Find(string id, bool payloads)
    {
        begin.Run();
        try
        {
            if (!byId.With(id).Next())
            {
                return null;
            }

            var found = Metadata(byId);
            byId.End();
            return payloads ? WithPayloads(found) : found.Metadata;
        }
        finally
        {
            commit.Run();
        }
    }

    /// <param name="statuses">Only these; null for all.</param>
    public (IReadOnlyList<OrchestrationMetadata> Items, long Last) Page(IReadOnlyCollection<OrchestrationRuntimeStatus>? statuses, long after)
    {
        var statement = statuses is null ? page.With(after) : byStatus.With($"[{string.Join(',', statuses.Select(status => (int)status))}]").And(after);
        List<OrchestrationMetadata> items = [];
        var key = after;
        while (statement.Next())
        {
            key = statement.Int64(0);
            items.Add(Metadata(statement).Metadata);
        }

        return (items, key);
    }

    public List<long> Keys(string sql)
    {
        using var statement = new Statement(connection, sql);
        statement.With();
        List<long> keys = [];
        while (statement.Next())
        {
            keys.Add(statement.Int64(0));
        }

        return keys;
    }

    public List<(long Key, long Step, long Value)> Triples(string sql)
    {
        using var statement = new Statement(connection, sql);
        statement.With();
        List<(long, long, long)> triples = [];
        while (statement.Next())
        {
            triples.Add((statement.Int64(0), statement.Int64(1), statement.Int64(2)));
        }

        return triples;
    }

    public void Dispose()
    {
        statements.Dispose();
        connection.Dispose();
    }

    private static (long Key, OrchestrationMetadata Metadata) Metadata(Statement row)
    {
        var status = (OrchestrationRuntimeStatus)row.Int64(3);
        return (row.Int64(0), new OrchestrationMetadata(row.Text(2), row.Text(1), status)
        {
            CreatedAt = new DateTimeOffset(row.Int64(4), TimeSpan.Zero),
            LastUpdatedAt = new DateTimeOffset(row.Int64(status == OrchestrationRuntimeStatus.Pending ? 4 : 7), TimeSpan.Zero),
            SerializedCustomStatus = row.TextOrNull(5),
            FailureDetails = row.TextOrNull(6) is { } failure ? FailureJson.Read(failure) : null,
        });
    }

    private OrchestrationMetadata WithPayloads((long Key, OrchestrationMetadata Metadata) found)
    {
        started.With(found.Key).Next();
        var input = started.TextOrNull(0);
        started.End();
        last.With(found.Key).Next();
        var (kind, payload) = ((RowKind)last.Int64(0), last.TextOrNull(1));
        last.End();
        return found.Metadata with
        {
            SerializedInput = input,
            SerializedOutput = kind is RowKind.Completed or RowKind.Terminated ? payload : null,
        };
    }
}

/// <param name="StartsAt">UTC ticks before which its code does not begin; null once it may.</param>
internal sealed record LoadedInstance(InstanceRow Row, ParentInstance? Parent, long? StartsAt, List<HistoryRow> History, List<Message> Inbox);

/// <summary>Which engine this is: an id for life, and how often it has been started.</summary>
public sealed record EngineIdentity(string Id, long Epoch);

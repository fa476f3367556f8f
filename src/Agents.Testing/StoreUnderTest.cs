using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Testing;

/// <summary>The database under a test: SQLite, or with HOLDFAST_TEST_STORE=postgresql a PostgreSQL that this process starts.</summary>
public sealed class StoreUnderTest
{
    private readonly PostgresServer? server;
    private readonly string schema;

    private StoreUnderTest(PostgresServer? server, string schema)
    {
        this.server = server;
        this.schema = schema;
    }

    /// <summary>The schema as the host under test knows it, where that is PostgreSQL: an older or a newer release's.</summary>
    internal IReadOnlyList<Migration> Migrations { get; init; } = AgentSchema.Migrations;

    /// <summary>Called with each statement of the host and its arguments.</summary>
    internal Action<string, object?>? Seen { get; init; }

    public static bool IsPostgres => Environment.GetEnvironmentVariable("HOLDFAST_TEST_STORE") == "postgresql";

    /// <summary>What messages call the store.</summary>
    public string Name => server is null ? "agents.db" : "PostgreSQL at ";

    /// <summary>How the store is reached; null for SQLite.</summary>
    public string? ConnectionString => server?.ConnectionTo(schema);

    /// <summary>An empty store.</summary>
    public static async Task<StoreUnderTest> NewAsync()
    {
        var server = IsPostgres ? await PostgresServer.SharedAsync() : null;
        return new(server, server is null ? "" : await server.NewSchemaAsync());
    }

    /// <summary>The same store, whose statements are seen.</summary>
    internal StoreUnderTest SeenBy(Action<string, object?> seen) => new(server, schema) { Seen = seen };

    /// <summary>The same store for another host, of another release.</summary>
    internal StoreUnderTest KnownAs(IReadOnlyList<Migration> migrations) => new(server, schema) { Migrations = migrations };

    /// <param name="data">The directory that holds the store where it is a file.</param>
    public async Task<AgentStore> OpenAsync(string data, TimeProvider clock) => new(server is null
        ? SqliteDialect.Open(Path.Combine(data, "agents.db"), clock, NullLogger.Instance, Seen)
        : await PostgresDialect.OpenAsync(new PostgresOptions(server.ConnectionTo(schema)) { Clock = clock, Migrations = Migrations, Seen = Seen }, NullLogger.Instance));

    /// <summary>Keeps a copy of a store that nobody has open.</summary>
    public async Task BackUpAsync(string data)
    {
        if (server is not null)
        {
            await server.ExecuteAsync($"CREATE SCHEMA {schema}_backup");
            await EachTableAsync("CREATE TABLE {0}_backup.{1} AS TABLE {0}.{1}");
            return;
        }

        foreach (var file in Directory.GetFiles(data, "agents.db*"))
        {
            File.Copy(file, $"{file}.backup");
        }
    }

    /// <summary>Puts back what <see cref="BackUpAsync"/> kept.</summary>
    public async Task RestoreAsync(string data)
    {
        if (server is not null)
        {
            await EachTableAsync("TRUNCATE {0}.{1}; INSERT INTO {0}.{1} SELECT * FROM {0}_backup.{1}");
            return;
        }

        foreach (var file in Directory.GetFiles(data, "agents.db*").Where(file => !file.EndsWith(".backup", StringComparison.Ordinal)))
        {
            File.Delete(file);
        }

        foreach (var file in Directory.GetFiles(data, "agents.db*.backup"))
        {
            File.Move(file, file[..^".backup".Length]);
        }
    }

    /// <summary>Leaves an empty store.</summary>
    public async Task DeleteAsync(string data)
    {
        if (server is not null)
        {
            await server.ExecuteAsync($"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}");
            return;
        }

        foreach (var file in Directory.GetFiles(data, "agents.db*"))
        {
            File.Delete(file);
        }
    }

    // {0} is the schema, {1} the table.
    private Task EachTableAsync(string statement) => server!.ExecuteAsync($"""
        DO $$ DECLARE name TEXT; BEGIN
          FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' LOOP
            EXECUTE replace(replace('{statement}', '{"{0}"}', '{schema}'), '{"{1}"}', name);
          END LOOP;
        END $$
        """);
}

using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Testing;

/// <summary>The database under a test: SQLite, or with HOLDFAST_TEST_STORE=postgresql a PostgreSQL that this process starts.</summary>
public sealed class StoreUnderTest
{
    /// <summary>Why a test that needs SQLite is not run on PostgreSQL.</summary>
    public const string NeedsSqlite = "It looks into the SQLite file, which PostgreSQL has not.";

    private readonly string? connectionString;

    private StoreUnderTest(string? connectionString) => this.connectionString = connectionString;

    public static bool IsPostgres => Environment.GetEnvironmentVariable("HOLDFAST_TEST_STORE") == "postgresql";

    /// <summary>An empty store.</summary>
    public static async Task<StoreUnderTest> NewAsync() => new(IsPostgres ? await (await PostgresServer.SharedAsync()).NewSchemaAsync() : null);

    /// <param name="data">The directory that holds the store where it is a file.</param>
    public async Task<AgentStore> OpenAsync(string data, TimeProvider clock) => new(connectionString is null
        ? SqliteDialect.Open(Path.Combine(data, "agents.db"), clock, NullLogger.Instance)
        : await PostgresDialect.OpenAsync(new PostgresOptions(connectionString) { Clock = clock }, NullLogger.Instance));
}

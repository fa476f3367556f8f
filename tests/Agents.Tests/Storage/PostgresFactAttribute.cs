using System.Runtime.CompilerServices;
using Holdfast.Agents.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>A test of what PostgreSQL alone has.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        Skip = "It is about PostgreSQL, and this run's database is SQLite: set HOLDFAST_TEST_STORE=postgresql.";
        SkipType = typeof(StoreUnderTest);
        SkipUnless = nameof(StoreUnderTest.IsPostgres);
    }
}

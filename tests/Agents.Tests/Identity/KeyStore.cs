using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Tests.Identity;

/// <summary>A store with keys, whose clock only the test moves.</summary>
internal sealed class KeyStore : IDisposable
{
    private readonly string data = Directory.CreateTempSubdirectory("holdfast-keys-").FullName;

    private KeyStore()
    {
    }

    public VirtualTime Time { get; } = new();

    public AgentStore Store { get; private set; } = null!;

    public ApiKeys Keys => new(Store);

    public static async Task<KeyStore> NewAsync()
    {
        var keys = new KeyStore();
        keys.Store = await (await StoreUnderTest.NewAsync()).OpenAsync(keys.data, keys.Time);
        return keys;
    }

    /// <summary>One whose disk a test fills.</summary>
    public static KeyStore OnSqlite()
    {
        var keys = new KeyStore();
        keys.Store = new AgentStore(SqliteDialect.Open(Path.Combine(keys.data, "agents.db"), keys.Time, NullLogger.Instance));
        return keys;
    }

    /// <summary>What one process remembers of keys.</summary>
    public KeyRing Ring() => new(() => Store, Time, NullLogger.Instance);

    public Task<IssuedApiKey> AddAsync(string name = "ci", string tenant = "acme", TimeSpan? lifetime = null) =>
        Keys.AddAsync(new NewApiKey(name, tenant, [Roles.Submit, Roles.Read], lifetime));

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(data, recursive: true);
    }
}

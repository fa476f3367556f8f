using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Tests.Identity;

/// <summary>A store with keys, whose clock only the test moves.</summary>
internal sealed class KeyStore : IDisposable
{
    private readonly string data = Directory.CreateTempSubdirectory("holdfast-keys-").FullName;

    public KeyStore() => Store = new AgentStore(SqliteDialect.Open(Path.Combine(data, "agents.db"), Time, NullLogger.Instance));

    public VirtualTime Time { get; } = new();

    public AgentStore Store { get; }

    public ApiKeys Keys => new(Store);

    /// <summary>What one process remembers of keys.</summary>
    public KeyRing Ring() => new(Store, Time, NullLogger.Instance);

    public Task<IssuedApiKey> AddAsync(string name = "ci", string tenant = "acme", TimeSpan? lifetime = null) =>
        Keys.AddAsync(new NewApiKey(name, tenant, [Roles.Submit, Roles.Read], lifetime));

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(data, recursive: true);
    }
}

namespace Holdfast.Agents.Identity;

/// <summary>What is kept of an API key: everything but the key.</summary>
/// <param name="Prefix">What it is called in lists, logs and commands; no secret.</param>
/// <param name="Name">Whose it is: the id of its principal. A rotation keeps it.</param>
/// <param name="LastUsedAt">Coarse: noted at most once an hour.</param>
/// <param name="ReplacedBy">The prefix of the key that it was rotated to.</param>
public sealed record ApiKey(
    string Prefix, string Name, string Tenant, IReadOnlyList<string> Roles, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt, string? ReplacedBy)
{
    public Principal Principal => new(Name, Tenant, Roles);

    public bool HasExpired(DateTimeOffset now) => ExpiresAt <= now;

    internal static ApiKey Of(ApiKeyRow row) => new(row.Prefix, row.Name, row.Tenant, row.Roles.Split(','), Times.Of(row.CreatedAt), Times.Of(row.ExpiresAt),
        Times.Of(row.LastUsedAt), Times.Of(row.RevokedAt), row.ReplacedBy);
}

/// <summary>A key as it is asked for.</summary>
/// <param name="Name">1 to 100 letters, digits and . _ @ -</param>
/// <param name="Tenant">Alike.</param>
/// <param name="Roles">From <see cref="Identity.Roles"/>, at least one.</param>
/// <param name="Lifetime">Null for a key that never expires.</param>
public sealed record NewApiKey(string Name, string Tenant, IReadOnlyList<string> Roles, TimeSpan? Lifetime);

/// <summary>A key that was just made.</summary>
/// <param name="Text">The key itself. Nobody can show it again.</param>
public sealed record IssuedApiKey(ApiKey Key, string Text)
{
    /// <summary>Without the key: a record is logged sooner or later.</summary>
    public override string ToString() => Key.ToString();
}

/// <summary>A row of api_keys. Times are UTC ticks.</summary>
internal sealed class ApiKeyRow
{
    public string Prefix { get; init; } = "";

    public string Hash { get; init; } = "";

    public string Name { get; init; } = "";

    public string Tenant { get; init; } = "";

    public string Roles { get; init; } = "";

    public long CreatedAt { get; init; }

    public long? ExpiresAt { get; init; }

    public long? LastUsedAt { get; init; }

    public long? RevokedAt { get; init; }

    public string? ReplacedBy { get; init; }
}

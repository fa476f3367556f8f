namespace Holdfast.Durable.Embedded;

/// <summary>Another process serves this data directory.</summary>
public sealed class DataDirectoryOwnedException(string path, string owner, Exception inner)
    : Exception($"Data directory {path} is in use by {owner}. Stop that one first, or name another data directory.", inner)
{
    /// <summary>The process that holds it, as it described itself.</summary>
    public string Owner { get; } = owner;
}

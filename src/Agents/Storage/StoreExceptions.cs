namespace Holdfast.Agents.Storage;

/// <summary>The store cannot be used as it is configured or as it stands. The message names it, the fact and the remedy.</summary>
public sealed class StoreRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The store does not answer now. The same may succeed once it does.</summary>
/// <param name="mayBeStored">Whether nobody knows if what was asked for was stored; otherwise it was not.</param>
public sealed class StoreUnavailableException(string message, bool mayBeStored = false, Exception? inner = null) : Exception(message, inner)
{
    public bool MayBeStored { get; } = mayBeStored;
}

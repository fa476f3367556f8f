namespace Holdfast.Agents.Models;

/// <summary>Who has to move after a model call failed.</summary>
public enum ModelFault
{
    /// <summary>The world's: rate limit, overload, a cut connection. The same call may succeed later.</summary>
    Retry,

    /// <summary>Nobody's to mend by waiting: content refused, context too long. The run pauses for a person.</summary>
    GiveUp,

    /// <summary>Ours: wrong key, wrong model name, a request the service cannot read. The run pauses and the operator is told.</summary>
    Ours,
}

/// <summary>A model call that gave no reply. Providers sort every failure of theirs into one of these.</summary>
/// <param name="fault">Who has to move.</param>
/// <param name="message">The fact and the remedy; holds no secret and no prompt text.</param>
/// <param name="retryAfter">How long the service asks to be left alone; null when it did not say.</param>
public sealed class ModelException(ModelFault fault, string message, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ModelFault Fault { get; } = fault;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}

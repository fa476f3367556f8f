namespace Holdfast.Agents;

/// <summary>Why a request cannot be granted.</summary>
public enum Refusal
{
    /// <summary>It is not well formed; the field says where.</summary>
    Invalid,

    /// <summary>The principal may not.</summary>
    Forbidden,

    /// <summary>No such thing, or it is another tenant's.</summary>
    NotFound,

    /// <summary>Its state forbids it.</summary>
    Conflict,

    /// <summary>Its time is over.</summary>
    Gone,
}

/// <summary>A request that was refused; nothing has changed. The message gives the fact and the remedy.</summary>
/// <param name="field">The field at fault, where one is.</param>
public sealed class RefusedException(Refusal refusal, string message, string? field = null) : Exception(message)
{
    public Refusal Refusal { get; } = refusal;

    public string? Field { get; } = field;
}

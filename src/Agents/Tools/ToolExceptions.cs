namespace Holdfast.Agents.Tools;

/// <summary>
/// Thrown by a tool to declare that nothing happened: the order does not exist, the account is closed, the service refused before it
/// acted. The message goes to the model as the call's result, and the run goes on.
/// </summary>
/// <remarks>
/// Any other exception from a tool with an effect means that nobody knows; the call is then tried again under its key if it is idempotent,
/// and put before a person if not. So throw this one only before the effect can have begun. The message holds no secret.
/// </remarks>
public sealed class NotDoneException : Exception
{
    public NotDoneException(string message)
        : base(message)
    {
    }

    public NotDoneException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>The tool has acted, but its result is too large or cannot be written as JSON. The call counts as done.</summary>
public sealed class ToolResultException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A tool or toolbox that cannot be offered: the message names type, method, fact and remedy.</summary>
public sealed class ToolRefusedException(string message, Exception? inner = null) : Exception(message, inner);

namespace Holdfast.Durable.Adapting;

/// <summary>
/// Stands for an exception with a secret in it where an engine writes down what a function throws: without the secret, and with the name of the
/// type, which <see cref="Restored"/> puts back to where code looks for it.
/// </summary>
public sealed class RedactedFailureException : Exception
{
    private RedactedFailureException(Exception exception, Func<string, string> redact)
        : base($"{exception.GetType().FullName}: {redact(exception.Message)}", exception.InnerException is { } inner ? Of(inner, redact) : null) =>
        StackTrace = exception.StackTrace is { } trace ? redact(trace) : null;

    /// <inheritdoc/>
    public override string? StackTrace { get; }

    /// <summary>The exception itself where there is nothing to take out of it.</summary>
    public static Exception Of(Exception exception, Func<string, string> redact) => IsClean(exception, redact) ? exception : new RedactedFailureException(exception, redact);

    /// <summary>The failure under the name of the exception that was thrown.</summary>
    public static FailureDetails Restored(FailureDetails failure)
    {
        var (type, message) = failure.ErrorType == typeof(RedactedFailureException).FullName && failure.ErrorMessage.Split(": ", 2) is [var thrown, var said]
            ? (thrown, said) : (failure.ErrorType, failure.ErrorMessage);
        return failure with { ErrorType = type, ErrorMessage = message, InnerFailure = failure.InnerFailure is { } inner ? Restored(inner) : null };
    }

    private static bool IsClean(Exception exception, Func<string, string> redact)
    {
        bool Has(string text) => redact(text) != text;

        for (var one = exception; one is not null; one = one.InnerException)
        {
            if (Has(one.Message))
            {
                return false;
            }
        }

        return !Has(exception.ToString());
    }
}

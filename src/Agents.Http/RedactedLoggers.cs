using Holdfast.Agents.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Http;

/// <summary>
/// Logs what another factory logs, without the secrets that somebody's exception or message may have in it, whoever writes it in the end.
/// A line that has none passes as it is.
/// </summary>
public sealed class RedactedLoggers(ILoggerFactory inner, SecretSource secrets) : ILoggerFactory
{
    /// <summary>Puts it before the factory of every logger that these services give out.</summary>
    public static void Use(IServiceCollection services, SecretSource secrets) => services.AddLogging()
        .AddSingleton<LoggerFactory>().AddSingleton<ILoggerFactory>(made => new RedactedLoggers(made.GetRequiredService<LoggerFactory>(), secrets));

    public ILogger CreateLogger(string categoryName) => new RedactedLogger(inner.CreateLogger(categoryName), secrets);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();
}

internal sealed class RedactedLogger(ILogger inner, SecretSource secrets) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => Redacted(state, state.ToString() ?? "") is { } line ? inner.BeginScope(line) : inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        var text = formatter(state, exception);
        var line = Redacted(state, text);
        if (line is null && IsClean(exception))
        {
            inner.Log(logLevel, eventId, state, exception, formatter);
            return;
        }

        var cause = IsClean(exception) ? exception : new RedactedException(exception!, secrets);
        inner.Log(logLevel, eventId, line ?? new RedactedLine(text, []), cause, static (said, _) => said.ToString());
    }

    /// <returns>Null where there is nothing to take out.</returns>
    private RedactedLine? Redacted(object? state, string text)
    {
        var values = (state as IEnumerable<KeyValuePair<string, object?>> ?? []).ToList();
        return IsClean(text) && values.TrueForAll(value => IsClean(value.Value?.ToString())) ? null
            : new RedactedLine(secrets.Redact(text), values.ConvertAll(value => IsClean(value.Value?.ToString()) ? value : new(value.Key, secrets.Redact(value.Value!.ToString()!))));
    }

    private bool IsClean(string? text) => text is null || secrets.Redact(text) == text;

    private bool IsClean(Exception? exception)
    {
        for (var one = exception; one is not null; one = one.InnerException)
        {
            if (!IsClean(one.Message))
            {
                return false;
            }
        }

        return IsClean(exception?.ToString());
    }
}

/// <summary>What a line says, and its values by name, as other loggers read them.</summary>
internal sealed class RedactedLine(string text, List<KeyValuePair<string, object?>> values) : List<KeyValuePair<string, object?>>(values)
{
    public override string ToString() => text;
}

/// <summary>What can be shown of an exception that has a secret in it.</summary>
internal sealed class RedactedException(Exception exception, SecretSource secrets) : Exception(secrets.Redact($"{exception.GetType().Name}: {exception.Message}"))
{
    private readonly string text = secrets.Redact(exception.ToString());

    public override string? StackTrace { get; } = exception.StackTrace;

    public override string ToString() => text;
}

using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>What a store has said.</summary>
internal sealed class Said : ILogger
{
    private readonly Lock gate = new();
    private readonly List<(LogLevel Level, string Text)> lines = [];

    public IReadOnlyList<string> Errors => At(LogLevel.Error);

    public IReadOnlyList<string> Warnings => At(LogLevel.Warning);

    public IReadOnlyList<string> Informations => At(LogLevel.Information);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (gate)
        {
            lines.Add((logLevel, formatter(state, exception)));
        }
    }

    private List<string> At(LogLevel level)
    {
        lock (gate)
        {
            return [.. lines.Where(line => line.Level == level).Select(line => line.Text)];
        }
    }
}

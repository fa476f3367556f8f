namespace Holdfast.Host.Local;

/// <summary>Why the host does not start: one sentence with the fact, and the remedy.</summary>
/// <param name="exitCode">2 for configuration, 1 otherwise.</param>
public sealed class StartException(string message, int exitCode = StartException.Configuration, Exception? inner = null) : Exception(message, inner)
{
    public const int Configuration = 2;
    public const int Otherwise = 1;

    public int ExitCode { get; } = exitCode;
}

using System.Globalization;

namespace Holdfast.Agents.Definitions;

/// <summary>A definition that cannot be used. The message is "file(line): fact. remedy", as editors jump to.</summary>
public sealed class DefinitionException(string file, int line, string message, Exception? inner = null)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"{file}({line}): {message}"), inner)
{
    public string File { get; } = file;

    /// <summary>From 1.</summary>
    public int Line { get; } = line;
}

using Holdfast.Agents.Definitions.Yaml;

namespace Holdfast.Agents.Definitions;

/// <summary>Policies as files: policies/NAME.yaml, each a list of rules.</summary>
public static class PolicyFolder
{
    /// <summary>The rules of all files, by the files' names. A file whose name starts with a dot, and one of Markdown, is no policy.</summary>
    /// <param name="mayBeMissing">Whether no such folder means no policies: where nobody has named it.</param>
    /// <exception cref="DefinitionException">A file that is wrong, or one that would not be read. Names file, line, fact and remedy.</exception>
    public static Policies Load(string folder, bool mayBeMissing = false)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!Directory.Exists(full))
        {
            return mayBeMissing && !File.Exists(full) ? Policies.None : throw new DefinitionException(full, 1, "No such folder. Create it, or name another.");
        }

        return new([.. Directory.GetFileSystemEntries(full).Where(IsMeant).Order(StringComparer.Ordinal).SelectMany(Read)]);
    }

    private static bool IsMeant(string path) => Path.GetFileName(path) is var name && !name.StartsWith('.') && !name.EndsWith(".md", StringComparison.Ordinal);

    // What looks like a policy and is none would hold nothing, and nobody would know.
    private static IReadOnlyList<ApprovalRule> Read(string path) => Directory.Exists(path) || !path.EndsWith(".yaml", StringComparison.Ordinal)
        ? throw new DefinitionException(path, 1, "Only files that end in .yaml are read as policies. Rename it, or move it away.")
        : new PolicyReader(path, $"{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)}").Read(StrictYaml.ReadFile(path));
}

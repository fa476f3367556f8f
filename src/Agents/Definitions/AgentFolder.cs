using Holdfast.Agents.Definitions.Yaml;

namespace Holdfast.Agents.Definitions;

/// <summary>Agents as folders: agents/NAME/agent.yaml and the instructions beside it.</summary>
public static class AgentFolder
{
    public const string FileName = "agent.yaml";

    /// <exception cref="DefinitionException">A file that is missing or wrong. Names file, line, fact and remedy.</exception>
    public static AgentDefinition Load(string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var file = Path.Combine(full, FileName);
        return new AgentReader(file).Read(
            StrictYaml.ReadFile(file), Path.GetFileName(full), (name, line) => Instructions(file, full, name, line));
    }

    /// <summary>One agent for each folder in this one, by name; folders whose name starts with a dot are left out.</summary>
    /// <exception cref="DefinitionException">The folder is missing, or an agent in it cannot be loaded.</exception>
    public static IReadOnlyList<AgentDefinition> LoadAll(string agentsFolder)
    {
        if (!Directory.Exists(agentsFolder))
        {
            throw new DefinitionException(agentsFolder, 1, "No such folder. Create it with a folder for each agent, or name another.");
        }

        var folders = Directory.GetDirectories(agentsFolder).Where(folder => !Path.GetFileName(folder).StartsWith('.'));
        return [.. folders.Order(StringComparer.Ordinal).Select(Load)];
    }

    private static string Instructions(string file, string folder, string name, int line)
    {
        var path = Path.GetFullPath(Path.Combine(folder, name));
        if (!IsInside(folder, path) || !IsInside(RealPath.Of(folder), RealPath.Of(path)))
        {
            throw new DefinitionException(file, line, $"instructions: '{name}' leads out of the agent's folder. Keep the file beside "
                + $"{FileName}.");
        }

        if (!File.Exists(path))
        {
            throw new DefinitionException(file, line, $"instructions: there is no file '{name}' in the agent's folder. Create it.");
        }

        var text = StrictYaml.ReadText(path);
        return !string.IsNullOrWhiteSpace(text) ? text
            : throw new DefinitionException(path, 1, "The instructions are empty. Write what the agent is to do.");
    }

    private static bool IsInside(string folder, string path) =>
        path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}

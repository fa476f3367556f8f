using Holdfast.Agents.Definitions;
using Holdfast.Agents.Definitions.Yaml;

namespace Holdfast.Agents.Identity;

/// <summary>The people of a host as a file.</summary>
public static class PeopleFile
{
    public const string Name = "people.yaml";

    /// <param name="mayBeMissing">Whether no such file means that nobody is known: where nobody has named it.</param>
    /// <exception cref="DefinitionException">The file is missing or wrong. Names file, line, fact and remedy.</exception>
    public static People Load(string file, bool mayBeMissing = false)
    {
        var full = Path.GetFullPath(file);
        return mayBeMissing && !Path.Exists(full) ? People.Nobody : new PeopleReader(full).Read(StrictYaml.ReadFile(full));
    }
}

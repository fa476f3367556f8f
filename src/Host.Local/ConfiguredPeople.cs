using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;

namespace Holdfast.Host.Local;

/// <summary>Who may be asked, and what holds for all agents: files beside the program, or where settings say.</summary>
internal static class ConfiguredPeople
{
    private const string PoliciesName = "policies";

    /// <exception cref="DefinitionException">The file is wrong, or one that is named is missing.</exception>
    public static People Read(HostSettings settings) =>
        PeopleFile.Load(settings.People ?? Path.Combine(AppContext.BaseDirectory, PeopleFile.Name), mayBeMissing: settings.People is null);

    /// <exception cref="DefinitionException">A file is wrong, or a folder that is named is missing.</exception>
    public static Policies Policies(HostSettings settings) =>
        PolicyFolder.Load(settings.Policies ?? Path.Combine(AppContext.BaseDirectory, PoliciesName), mayBeMissing: settings.Policies is null);
}

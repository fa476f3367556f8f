using Holdfast.Agents.Links;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;

namespace Holdfast.Host.Local;

/// <summary>The keys of links that settings name.</summary>
internal static class ConfiguredLinkKeys
{
    private const string Setting = "link-key";
    private const string Variable = "HOLDFAST_LINK_KEY";

    /// <returns>Null where none are named: then the data directory has them.</returns>
    /// <exception cref="SecretException">They cannot be used.</exception>
    public static LinkKeys? Check(HostSettings settings) => settings.LinkKey is { } keys ? LinkKeys.Read(HostSettings.Named(Setting), keys, settings.Secrets) : null;

    /// <exception cref="StartException">The key that signs is revoked: what it signs nobody would take.</exception>
    public static async Task CheckAsync(HostSettings settings, AgentStore store, LinkKeys keys)
    {
        if (await new LinkAccess(store, keys).RefuseAsync() is { } refusal)
        {
            throw new StartException($"{(settings.LinkKey is null ? Path.Combine(settings.Data, LinkKeyFile.Name) : HostSettings.Named(Setting))}: {refusal}");
        }
    }

    /// <exception cref="StartException">It has a key, which as an option is no secret.</exception>
    public static void CheckOption(string option)
    {
        if (option.Split(',', StringSplitOptions.TrimEntries).Any(key => !key.StartsWith(SecretSource.Mark, StringComparison.Ordinal)))
        {
            throw new StartException($"--{Setting} has a key, and a process's options are seen by everyone on its machine. Name it as {SecretSource.Mark}NAME, or set {Variable}. If others use this machine, take another key.");
        }
    }
}

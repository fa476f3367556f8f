using Holdfast.Agents;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;

namespace Holdfast.Host.Functions;

/// <summary>What leads people here: the keys that sign links, and the address that these lead to.</summary>
internal static class FunctionsLinks
{
    /// <returns>Null where none are set, and nobody is told anything.</returns>
    /// <exception cref="StartException">People are told, and no key would sign their links, or these would lead nowhere.</exception>
    /// <exception cref="SecretException">The keys cannot be used.</exception>
    public static LinkKeys? Keys(FunctionsSettings settings, IReadOnlyList<IChannel> channels, SecretSource secrets)
    {
        var names = string.Join(", ", channels.Select(channel => channel.Name));
        return channels.Count == 0 || settings is { LinkKeys: not null, Address: not null }
            ? settings.LinkKeys is { } keys ? LinkKeys.Read(FunctionsSettings.LinkKey, keys, secrets) : null
            : throw new StartException(settings.LinkKeys is null
                ? $"People are told by {names}, and {FunctionsSettings.LinkKey} is not set, which signs their links. Set it to a text of 32 characters or more, as openssl rand -base64 32 makes one."
                : $"People are told by {names}, and nothing says at which address they reach the app. Set {FunctionsSettings.Url} to https://….");
    }

    /// <exception cref="StartException">The key that signs is revoked: what it signs nobody would take.</exception>
    public static async Task CheckAsync(AgentStore store, LinkKeys? keys)
    {
        if (keys is not null && await new LinkAccess(store, keys).RefuseAsync() is { } refusal)
        {
            throw new StartException($"{FunctionsSettings.LinkKey}: {refusal}");
        }
    }
}

using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;
using Holdfast.Providers.Messaging;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Functions;

/// <summary>The ways to tell people that settings name: HOLDFAST_CHANNELS__EMAIL__SERVER and its like.</summary>
internal static class FunctionsChannels
{
    public const string Section = "HOLDFAST_CHANNELS";

    /// <exception cref="StartException">One is configured wrongly, or cannot be had here.</exception>
    /// <exception cref="SecretException">A name names no secret.</exception>
    public static IReadOnlyList<IChannel> Read(IConfiguration configuration, SecretSource secrets)
    {
        // Templates cannot leave a setting out: one that is empty is one that is not set.
        var set = configuration.GetSection(Section).AsEnumerable(makePathsRelative: true).Where(setting => !string.IsNullOrEmpty(setting.Value))
            .Select(setting => KeyValuePair.Create(ConfigurationPath.Combine("channels", setting.Key), setting.Value));
        try
        {
            var channels = MessagingSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(set).Build(), secrets);
            return channels.Any(channel => channel is ConsoleChannel)
                ? throw new StartException($"{Section}__CONSOLE is set, but nobody sits before a function app, and its output is kept. Take it away, and name another channel.") : channels;
        }
        catch (MessagingSettingsException e)
        {
            throw new StartException($"{e.Message} As a setting of the app, channels:email:server is {Section}__EMAIL__SERVER.", e);
        }
    }
}

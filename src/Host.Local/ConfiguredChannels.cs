using Holdfast.Agents.Messages;
using Holdfast.Providers.Messaging;

namespace Holdfast.Host.Local;

/// <summary>The ways to tell people that settings name.</summary>
internal static class ConfiguredChannels
{
    private const string Section = "channels";
    private const string Terminal = $"{Section}:console";

    /// <summary>
    /// Those that are named. Where none is, the terminal, of a host that this machine alone reaches: one that others reach runs as a service, whose
    /// output is kept and read, and the links that are printed decide.
    /// </summary>
    /// <exception cref="MessagingSettingsException">One is configured wrongly.</exception>
    /// <exception cref="StartException">The section is no section.</exception>
    public static IReadOnlyList<IChannel> Read(HostSettings settings)
    {
        if (settings.Configuration[Section] is { Length: > 0 })
        {
            throw new StartException($"{Section} (HOLDFAST_CHANNELS) has no parts. Name a channel in it: HOLDFAST_CHANNELS__CONSOLE=true, or \"channels\": {{\"console\": true}} in appsettings.json.");
        }

        var named = MessagingSettings.Read(settings.Configuration, settings.Secrets);
        var saysNothing = named.Count == 0 && string.IsNullOrEmpty(settings.Configuration[Terminal]);
        return saysNothing && !settings.IsOffLoopback ? [ConsoleChannel.OfProcess()] : named;
    }
}

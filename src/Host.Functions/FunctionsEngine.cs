using System.Security.Cryptography;
using System.Text;
using Holdfast.Agents.Engines;
using Holdfast.Durable;

namespace Holdfast.Host.Functions;

/// <summary>The app's engine as the agent store has to know it: one task hub, served by as many processes as the platform starts.</summary>
internal static class FunctionsEngine
{
    public static SharedEngine Describe(FunctionsSettings settings, string store, IOrchestrationClient client)
    {
        var location = $"task hub {settings.Hub} at {settings.SchedulerEndpoint}";
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{settings.SchedulerEndpoint.TrimEnd('/').ToUpperInvariant()}\n{settings.Hub.ToUpperInvariant()}")))[..16];
        return new SharedEngine($"hub_{id}", location, client)
        {
            EngineData = $"The {location} ({FunctionsSettings.TaskHub})", StoreData = $"{store} ({FunctionsSettings.Store})",
        };
    }
}

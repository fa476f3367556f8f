using System.Diagnostics;
using System.Globalization;
using Holdfast.Agents;
using Holdfast.Durable.Embedded;

namespace Holdfast.Host.Local;

/// <summary>
/// Kills the process at a named point, for tests that prove that nothing is lost there: HOLDFAST_CRASH_AT=name, or name:3 for the third
/// time. The names are in EngineCrashPoints and AgentCrashPoints.
/// </summary>
internal sealed class CrashAt
{
    private static readonly IReadOnlyList<string> Points = [.. EngineCrashPoints.All, .. AgentCrashPoints.All];

    private readonly string? point;
    private long left;

    /// <exception cref="StartException">No such point, or no such time.</exception>
    public CrashAt(string? setting)
    {
        if (string.IsNullOrEmpty(setting))
        {
            return;
        }

        (point, var time) = setting.Split(':', 2) is [var name, var count] ? (name, count) : (setting, "1");
        if (!Points.Contains(point) || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out left) || left == 0)
        {
            throw new StartException($"HOLDFAST_CRASH_AT '{setting}' names no point, or no time from 1. Points: {string.Join(", ", Points)}.");
        }
    }

    public void Reach(string name)
    {
        if (name == point && Interlocked.Decrement(ref left) == 0)
        {
            Process.GetCurrentProcess().Kill();
        }
    }
}

using System.Diagnostics;
using System.Globalization;

namespace Holdfast.Host.Local;

/// <summary>
/// Kills the process at a named point, for tests that prove that nothing is lost there: HOLDFAST_CRASH_AT=name, or name:3 for the third
/// time. The names are in EngineCrashPoints and AgentCrashPoints.
/// </summary>
internal sealed class CrashAt
{
    private readonly string? point;
    private long left;

    public CrashAt(string? setting)
    {
        (point, left) = setting?.Split(':') switch
        {
            [var name] => (name, 1),
            [var name, var count] => (name, long.Parse(count, CultureInfo.InvariantCulture)),
            _ => ((string?)null, 0L),
        };
    }

    public void Reach(string name)
    {
        if (name == point && Interlocked.Decrement(ref left) == 0)
        {
            Process.GetCurrentProcess().Kill();
        }
    }
}

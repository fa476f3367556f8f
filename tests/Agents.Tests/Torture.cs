using Holdfast.Agents.Testing;

namespace Holdfast.Agents.Tests;

/// <summary>How much the tests that grow with patience do: HOLDFAST_TORTURE=1 runs every figure of docs/guarantees.md.</summary>
internal static class Torture
{
    public static bool IsOn => int.TryParse(Environment.GetEnvironmentVariable("HOLDFAST_TORTURE"), out var on) && on > 0;

    /// <param name="bounded">On PostgreSQL a third of it: a round takes three times as long there, and what differs is the dialect, not the rules.</param>
    public static int Rounds(int bounded, int all) => IsOn ? all : StoreUnderTest.IsPostgres ? int.Max(1, bounded / 3) : bounded;
}

namespace Holdfast.Agents.Tests.Approvals;

/// <summary>How much the tests that grow with patience do: HOLDFAST_TORTURE=1 runs every figure of docs/guarantees.md.</summary>
internal static class Torture
{
    public static int Rounds(int bounded, int all) => int.TryParse(Environment.GetEnvironmentVariable("HOLDFAST_TORTURE"), out var on) && on > 0 ? all : bounded;
}

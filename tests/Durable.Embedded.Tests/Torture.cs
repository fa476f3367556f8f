namespace Holdfast.Durable.Embedded.Tests;

/// <summary>
/// How much the tests that grow with patience do. HOLDFAST_TORTURE=1 runs every figure of docs/guarantees.md; HOLDFAST_TORTURE_KILLS
/// sets the random kills alone, and HOLDFAST_TORTURE_SEEDS the kills at each crash point.
/// </summary>
internal static class Torture
{
    public static int Kills => Number("HOLDFAST_TORTURE_KILLS") ?? Rounds(30, 1000);

    public static int Seeds => Number("HOLDFAST_TORTURE_SEEDS") ?? Rounds(1, 20);

    public static int Rounds(int bounded, int all) => Number("HOLDFAST_TORTURE") is > 0 ? all : bounded;

    private static int? Number(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), out var number) ? number : null;
}

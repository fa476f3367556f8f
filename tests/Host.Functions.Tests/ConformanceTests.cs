using Holdfast.Durable.Testing.Scenarios;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

public sealed class ConformanceTests
{
    public static TheoryData<string> Names => [.. AllScenarios.List.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task EveryScenarioThatTheTestHostCanPlayHoldsOnDurableFunctions(string name)
    {
        var scenario = AllScenarios.List.Single(one => one.Name == name);
        await using var engine = new FunctionsFixture();
        Assert.SkipWhen(scenario.SkipReason(engine.Capabilities) is not null, scenario.SkipReason(engine.Capabilities) ?? string.Empty);
        await scenario.Run(engine);
    }
}

using Holdfast.Agents;
using Holdfast.Agents.Runs;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>What the worker's own generator has found in the example, whose functions are all in the package that it references.</summary>
public sealed class FunctionTests
{
    [Fact]
    public async Task EveryOrchestratorAndActivityOfTheAgentsHasItsFunctionInAnAppThatOnlyReferencesThem()
    {
        var registry = new DurableRegistry(StepJson.Default);
        AgentSystem.Register(registry, () => throw new InvalidOperationException("Nothing runs here."));
        var functions = (await Provider().GetFunctionMetadataAsync("")).Select(function => (function.Name!, FunctionsHost.TriggerOf(function))).ToList();
        Assert.Empty(FunctionNames.Problems(registry, functions));
        Assert.Equal(registry.Orchestrators.Count + registry.Activities.Count + 2, functions.Count);
        Assert.Contains(("Api", "httpTrigger"), functions);
        Assert.Contains(("Sweep", "timerTrigger"), functions);
    }

    private static IFunctionMetadataProvider Provider() => (IFunctionMetadataProvider)Activator.CreateInstance(
        typeof(Program).Assembly.GetTypes().Single(type => type.IsAssignableTo(typeof(IFunctionMetadataProvider))))!;
}

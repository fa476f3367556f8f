using System.Globalization;
using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Holdfast.Host.Functions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;

// What the adapter costs a step, over Durable Task's engine in memory: the same chain of activities, bare and through the port.
const int Steps = 100;
const int Rounds = 20;

var registry = TestRegistry.New()
    .Orchestrator<int, int>("adapted", async (context, steps) =>
    {
        var sum = 0;
        for (var n = 0; n < steps; n++)
        {
            sum += await context.CallActivityAsync<int>("adapted-step", n);
        }

        return sum;
    })
    .Activity<int, int>("adapted-step", (_, n) => n);
await using var host = await DurableTaskTestHost.StartAsync(tasks => tasks
    .AddOrchestratorFunc<int, int>("bare", async (context, steps) =>
    {
        var sum = 0;
        for (var n = 0; n < steps; n++)
        {
            sum += await context.CallActivityAsync<int>("bare-step", n);
        }

        return sum;
    })
    .AddActivityFunc<int, int>("bare-step", (_, n) => Task.FromResult(n))
    .AddOrchestratorFunc<InstanceEnvelope, RawJson>("adapted", (context, _) => FunctionsContext.RunAsync(registry, context))
    .AddActivityFunc<ActivityEnvelope, RawJson>("adapted-step", (_, input) => input.RunAsync(registry.Activities["adapted-step"], CancellationToken.None)));

List<double> bare = [], adapted = [];
for (var round = 0; round < Rounds; round++)
{
    // Taken in turns, so that whatever else the machine does meets both.
    bare.Add(await RunAsync("bare", Steps));
    adapted.Add(await RunAsync("adapted", InstanceEnvelope.Of(Steps.ToString(CultureInfo.InvariantCulture))));
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"a step, median of {Rounds} chains of {Steps}: bare {Median(bare):0.000} ms, through the port {Median(adapted):0.000} ms, so {Median(adapted) - Median(bare):0.000} ms more, replay included"));

async Task<double> RunAsync(string name, object input)
{
    var began = TimeProvider.System.GetTimestamp();
    var id = await host.Client.ScheduleNewOrchestrationInstanceAsync(name, input);
    var ended = await host.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true);
    return ended.ReadOutputAs<int>() == Steps * (Steps - 1) / 2
        ? TimeProvider.System.GetElapsedTime(began).TotalMilliseconds / Steps
        : throw new InvalidOperationException($"{name} gave {ended.SerializedOutput}: {ended.FailureDetails}");
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

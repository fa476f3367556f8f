using System.Text.Json.Serialization.Metadata;

namespace Holdfast.Durable.Testing;

/// <summary>Lets a test declare its orchestrators and activities beside its assertion.</summary>
public static class TestRegistry
{
    /// <summary>A registry that finds the types of payloads by reflection, which a host does not do.</summary>
    public static DurableRegistry New() => new(new DefaultJsonTypeInfoResolver());

    public static DurableRegistry Orchestrator<TInput, TOutput>(
        this DurableRegistry registry, string name, Func<OrchestrationContext, TInput, Task<TOutput>> run) =>
        registry.AddOrchestrator(name, () => new DelegatedOrchestrator<TInput, TOutput>(run));

    public static DurableRegistry Activity<TInput, TOutput>(
        this DurableRegistry registry, string name, Func<ActivityContext, TInput, Task<TOutput>> run) =>
        registry.AddActivity(name, () => new DelegatedActivity<TInput, TOutput>(run));

    public static DurableRegistry Activity<TInput, TOutput>(
        this DurableRegistry registry, string name, Func<ActivityContext, TInput, TOutput> run) =>
        registry.Activity<TInput, TOutput>(name, (context, input) => Task.FromResult(run(context, input)));

    private sealed class DelegatedOrchestrator<TInput, TOutput>(Func<OrchestrationContext, TInput, Task<TOutput>> run) : IOrchestrator<TInput, TOutput>
    {
        public Task<TOutput> RunAsync(OrchestrationContext context, TInput input) => run(context, input);
    }

    private sealed class DelegatedActivity<TInput, TOutput>(Func<ActivityContext, TInput, Task<TOutput>> run) : IActivity<TInput, TOutput>
    {
        public Task<TOutput> RunAsync(ActivityContext context, TInput input) => run(context, input);
    }
}

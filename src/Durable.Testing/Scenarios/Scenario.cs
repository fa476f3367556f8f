using System.Text.Json;

namespace Holdfast.Durable.Testing.Scenarios;

/// <summary>Something that every engine must do.</summary>
/// <param name="Promise">The promise of docs/guarantees.md that it shows, from 1; 0 for the meaning of a member of the port.</param>
/// <param name="Needs">What the fixture must be able to do.</param>
public sealed record Scenario(string Name, int Promise, Capabilities Needs, Func<EngineFixture, Task> Run)
{
    /// <summary>Why this scenario cannot run on such a fixture; null if it can.</summary>
    public string? SkipReason(Capabilities has) => (Needs & ~has) is not Capabilities.None and var missing
        ? $"The fixture cannot: {missing}."
        : null;

    public override string ToString() => Name;

    internal static Scenario Of(int promise, Capabilities needs, Func<EngineFixture, Task> run) => new(run.Method.Name, promise, needs, run);
}

/// <summary>Every scenario, by theme.</summary>
public static class AllScenarios
{
    public static readonly IReadOnlyList<Scenario> List =
    [
        .. Starts.All, .. Steps.All, .. Retries.All, .. Events.All, .. Timers.All, .. Children.All, .. Generations.All, .. Control.All,
        .. Determinism.All, .. Sizes.All,
    ];
}

/// <summary>What scenarios do again and again.</summary>
internal static class Drive
{
    public static Task StartAsync(this EngineFixture engine, Action<DurableRegistry> declare) => engine.StartAsync(Declared(declare));

    public static DurableRegistry Declared(Action<DurableRegistry> declare)
    {
        var registry = TestRegistry.New();
        declare(registry);
        return registry;
    }

    public static Task<string> BeginAsync(this EngineFixture engine, string name, object? input = null, string? id = null) =>
        engine.Client.ScheduleNewOrchestrationInstanceAsync(name, input, new StartOrchestrationOptions(id)).Patiently();

    public static async Task<OrchestrationMetadata> EndAsync(this EngineFixture engine, string id)
    {
        try
        {
            return await engine.Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true).Patiently();
        }
        catch (TimeoutException)
        {
            var found = await engine.Client.GetInstanceAsync(id);
            throw new ExpectationException($"Expected instance '{id}' to end; it is {found?.RuntimeStatus}. {found?.FailureDetails}");
        }
    }

    public static async Task<T> OutputAsync<T>(this EngineFixture engine, string id)
    {
        var ended = await engine.EndAsync(id);
        Expect.True(ended.RuntimeStatus == OrchestrationRuntimeStatus.Completed, $"'{id}' to complete; it is {ended.RuntimeStatus}: {ended.FailureDetails}");
        return ended.SerializedOutput is { } json ? JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Web)! : default!;
    }

    public static async Task<T> RunAsync<T>(this EngineFixture engine, string name, object? input = null, string? id = null) =>
        await engine.OutputAsync<T>(await engine.BeginAsync(name, input, id));

    public static Task RaiseAsync(this EngineFixture engine, string id, string name, object? payload = null) =>
        engine.Client.RaiseEventAsync(id, name, payload).Patiently();

    public static async Task<OrchestrationRuntimeStatus?> StatusAsync(this EngineFixture engine, string id) =>
        (await engine.Client.GetInstanceAsync(id))?.RuntimeStatus;
}

/// <summary>A place in an activity where a test can wait, and let go on.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Entered => entered.Task.Patiently();

    public void Open() => open.TrySetResult();

    public async Task PassAsync()
    {
        entered.TrySetResult();
        await open.Task;
    }
}

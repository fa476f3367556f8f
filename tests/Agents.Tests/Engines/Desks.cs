using System.Reflection;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Runs;
using Holdfast.Durable;

namespace Holdfast.Agents.Tests.Engines;

/// <summary>What tests of several engines, or of several processes of one, share.</summary>
internal static class Desks
{
    /// <summary>A host whose refunds wait for the boss.</summary>
    public static (Deployment Deployment, FakeTool Refund) Refunding(bool idempotent = true)
    {
        var refund = Given.Refund(idempotent);
        return (new Deployment(Given.Calling("refund", """{"amount":400}"""), refund).Asking(Given.Held()), refund);
    }

    public static async Task<string> StartRunAsync(this AppProcess process, string? key = null) =>
        (await process.System.Runs.StartAsync(RunHarness.Anna, new RunSubmission(Deployment.AgentName, "Do it."), key)).Id;

    public static async Task<RunView> FindAsync(this AppProcess process, string run) => (await process.System.Queries.FindAsync(RunHarness.Anna, run))!;

    /// <summary>The boss's word on what the run waits for.</summary>
    public static async Task<ApprovalView> DecideAsync(this AppProcess process, string run, string decision) =>
        await process.System.Decisions.DecideAsync(RunHarness.Boss, (await process.FindAsync(run)).Approvals[^1], new Decision(decision));

    public static async Task<T?> StoredAsync<T>(this SharedStore shared, string sql)
    {
        using var store = await shared.OpenAsync();
        return await store.ReadAsync(tx => tx.FirstAsync<T>(sql));
    }

    public static async Task TamperAsync(this SharedStore shared, string sql)
    {
        using var store = await shared.OpenAsync();
        await store.WriteAsync(tx => tx.ExecuteAsync(sql));
    }

    /// <summary>Rows of runs that nothing carries.</summary>
    public static Task AddRunsAsync(this SharedStore shared, string engine, int count) => shared.TamperAsync($"""
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO runs (id, tenant, agent, version, model, input, requested_by, created_by, created_at, engine, generation, status)
        SELECT 'run_0000000000000000000' || (1000000 + i), 'acme', 'desk', 'v', 'fake', 'Do it.', 'anna', 'anna', 0, '{engine}', 1, 'queued' FROM n
        """);

    public static Action<string> DyingAt(string point) => passed =>
    {
        if (passed == point)
        {
            throw new KilledException(point);
        }
    };

    /// <summary>A client that tells a test of each call before it is made.</summary>
    public static IOrchestrationClient Overheard(this IOrchestrationClient engine, Action<string, object?[]> told) => engine.Overheard(told, (_, _) => Task.CompletedTask);

    /// <summary>A client that lets a test act between the engine's answer to a call, or its refusal, and whoever made that.</summary>
    public static IOrchestrationClient Interrupted(this IOrchestrationClient engine, Func<string, object?[], Task> answered) => engine.Overheard((_, _) => { }, answered);

    private static IOrchestrationClient Overheard(this IOrchestrationClient engine, Action<string, object?[]> told, Func<string, object?[], Task> answered)
    {
        var client = DispatchProxy.Create<IOrchestrationClient, Ear>();
        ((Ear)client).Listen(engine, told, answered);
        return client;
    }
}

/// <summary>A process ended at a crash point.</summary>
public sealed class KilledException(string point) : Exception($"The process was killed at {point}.");

/// <summary>Stands before a client and tells of each call.</summary>
public class Ear : DispatchProxy
{
    private IOrchestrationClient? engine;
    private Action<string, object?[]>? told;
    private Func<string, object?[], Task>? answered;

    internal void Listen(IOrchestrationClient behind, Action<string, object?[]> before, Func<string, object?[], Task> after) =>
        (engine, told, answered) = (behind, before, after);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        told!(targetMethod!.Name, args ?? []);
        var after = () => answered!(targetMethod.Name, args ?? []);
        return targetMethod.Invoke(engine, args) switch
        {
            Task<OrchestrationMetadata?> found => ThenAsync(found, after),
            Task<string> id => ThenAsync(id, after),
            Task<bool> purged => ThenAsync(purged, after),
            Task done => ThenAsync(done, after),
            var list => list,
        };
    }

    private static async Task<T> ThenAsync<T>(Task<T> call, Func<Task> after)
    {
        await ThenAsync((Task)call, after);
        return await call;
    }

    private static async Task ThenAsync(Task call, Func<Task> after)
    {
        await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await after();
        await call;
    }
}

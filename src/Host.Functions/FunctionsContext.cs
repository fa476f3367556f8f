using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Native = Microsoft.DurableTask;

namespace Holdfast.Host.Functions;

/// <summary>The port's context on Durable Functions: delegation, and nothing else. What had to be decided is in <see cref="AdaptedContext"/>.</summary>
internal sealed class FunctionsContext(Payloads payloads, InstanceEnvelope given, TaskOrchestrationContext native)
    : AdaptedContext(payloads, given, native.InstanceId)
{
    public override string Name => native.Name.Name;

    public override string InstanceId => native.InstanceId;

    public override string Version => native.Version;

    public override ParentInstance? Parent { get; } = native.Parent is { } parent ? new ParentInstance(parent.Name.Name, parent.InstanceId) : null;

    public override bool IsReplaying => native.IsReplaying;

    protected override DateTime ForeignUtcDateTime => native.CurrentUtcDateTime;

    protected override ILoggerFactory LoggerFactory => native.ReplaySafeLoggerFactory;

    /// <summary>Runs the orchestrator that the engine calls for.</summary>
    public static Task<RawJson> RunAsync(DurableRegistry registry, TaskOrchestrationContext native)
    {
        var given = InstanceEnvelope.Checked(native.GetInput<InstanceEnvelope>(), native.InstanceId);
        return new FunctionsContext(registry.Payloads, given, native).RunAsync(registry.Orchestrators[native.Name.Name]);
    }

    protected override bool IsInside => global::DurableTask.Core.OrchestrationContext.IsOrchestratorThread;

    protected override Task<RawJson> CallForeignActivity(string name, ActivityEnvelope input) =>
        Told(input.Step, name, native.CallActivityAsync<RawJson>(name, input));

    protected override Task<RawJson> CallForeignSubOrchestrator(long step, string name, string instanceId, InstanceEnvelope input) =>
        Told(step, name, native.CallSubOrchestratorAsync<RawJson>(name, input, new Native.SubOrchestrationOptions(instanceId: instanceId)));

    protected override Task CreateForeignTimer(DateTime fireAt, CancellationToken cancellationToken) => native.CreateTimer(fireAt, cancellationToken);

    protected override Task<RawJson> WaitForForeignEvent(string name) => native.WaitForExternalEvent<RawJson>(name);

    protected override void SendForeignEvent(string instanceId, string name, RawJson payload) => native.SendEvent(instanceId, name, payload);

    protected override void ContinueForeignAsNew(InstanceEnvelope input, bool preserveUnprocessedEvents) =>
        native.ContinueAsNew(input, preserveUnprocessedEvents);

    protected override void SetForeignCustomStatus(RawJson status) => native.SetCustomStatus(status);

    private static async Task<RawJson> Told(long step, string name, Task<RawJson> call)
    {
        try
        {
            return await call;
        }
        catch (Native.TaskFailedException e)
        {
            throw new Durable.TaskFailedException(name, step, e.FailureDetails.Ours());
        }
    }
}

internal static class FailureConversion
{
    public static FailureDetails Ours(this TaskFailureDetails native) =>
        RedactedFailureException.Restored(Plain(native));

    private static FailureDetails Plain(TaskFailureDetails native) =>
        new(native.ErrorType, native.ErrorMessage, native.StackTrace, native.InnerFailure is { } inner ? Plain(inner) : null);
}

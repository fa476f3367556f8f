using System.Runtime.CompilerServices;
using DurableTask.Core.Exceptions;
using Grpc.Core;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Microsoft.DurableTask.Client;
using Native = Microsoft.DurableTask;
using NativeClient = Microsoft.DurableTask.Client;

namespace Holdfast.Host.Functions;

/// <summary>The port's client on Durable Functions', with the promises that that one leaves to its caller.</summary>
/// <param name="native">The client of the app's task hub.</param>
internal sealed class FunctionsClient(Func<DurableTaskClient> native, Payloads payloads) : IOrchestrationClient
{
    public async Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, Durable.StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        var id = options?.InstanceId is { } given ? InstanceIds.Checked(given) : Guid.NewGuid().ToString("N");
        var envelope = InstanceEnvelope.Of(payloads.Write(input, $"The input of instance '{id}'"));
        try
        {
            // Without a word about it, the same id started again would replace the instance, running or not.
            return await Answered(() => native().ScheduleNewOrchestrationInstanceAsync(orchestratorName, envelope, new Native.StartOrchestrationOptions(id, options?.StartAt)
            {
                Version = options?.Version, DedupeStatuses = ForeignStatuses.All,
            }, cancellation));
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return id;
        }
    }

    public async Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        var payload = new RawJson(payloads.Write(eventPayload, $"Event '{eventName}' for instance '{instanceId}'"));
        await LiveAsync(instanceId, cancellation); // to nobody it would be dropped without a word
        await Answered(() => native().RaiseEventAsync(instanceId, eventName, payload, cancellation));
    }

    public async Task<Durable.OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        await KnownAsync(instanceId, cancellation);
        return Ours(await Answered(() => native().WaitForInstanceStartAsync(instanceId, getInputsAndOutputs, cancellation)), getInputsAndOutputs);
    }

    public async Task<Durable.OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        await KnownAsync(instanceId, cancellation);
        return Ours(await Answered(() => native().WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs, cancellation)), getInputsAndOutputs);
    }

    public async Task<Durable.OrchestrationMetadata?> GetInstanceAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        // Inputs and outputs are asked for in any case: some backends tell why an instance failed only with them.
        var found = await Answered(() => native().GetInstanceAsync(instanceId, getInputsAndOutputs: true, cancellation));
        return found is null ? null : Ours(found, getInputsAndOutputs);
    }

    public async IAsyncEnumerable<Durable.OrchestrationMetadata> GetAllInstancesAsync(
        Durable.OrchestrationQuery? query = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var statuses = query?.Statuses?.SelectMany(ForeignStatuses.Theirs).Select(Enum.Parse<NativeClient.OrchestrationRuntimeStatus>).ToList();
        if (statuses is { Count: 0 })
        {
            yield break; // only paused ones were asked for, and there are none
        }

        List<Durable.OrchestrationMetadata> all = [];
        await foreach (var found in native().GetAllInstancesAsync(new NativeClient.OrchestrationQuery(Statuses: statuses, InstanceIdPrefix: query?.InstanceIdPrefix))
            .WithCancellation(cancellation))
        {
            all.Add(Ours(found, withPayloads: false));
        }

        foreach (var found in all.OrderBy(one => one.CreatedAt))
        {
            yield return found;
        }
    }

    public async Task TerminateInstanceAsync(string instanceId, object? output = null, CancellationToken cancellation = default)
    {
        var json = new RawJson(payloads.Write(output, $"The output of instance '{instanceId}'"));
        if (!(await KnownAsync(instanceId, cancellation)).IsCompleted)
        {
            await Answered(() => native().TerminateInstanceAsync(instanceId, new TerminateInstanceOptions(json), cancellation));
        }
    }

    public async Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        await LiveAsync(instanceId, cancellation);
        await Answered(() => native().SuspendInstanceAsync(instanceId, reason, cancellation));
    }

    public async Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        await LiveAsync(instanceId, cancellation);
        await Answered(() => native().ResumeInstanceAsync(instanceId, reason, cancellation));
    }

    public async Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default) =>
        await GetInstanceAsync(instanceId, false, cancellation) is { IsCompleted: true }
        && (await Answered(() => native().PurgeInstanceAsync(instanceId, null, cancellation))).PurgedInstanceCount > 0;

    private async Task<Durable.OrchestrationMetadata> KnownAsync(string instanceId, CancellationToken cancellation) =>
        await GetInstanceAsync(instanceId, false, cancellation) ?? throw new InstanceNotFoundException(instanceId);

    private async Task LiveAsync(string instanceId, CancellationToken cancellation)
    {
        var found = await KnownAsync(instanceId, cancellation);
        if (found.IsCompleted)
        {
            throw new InstanceEndedException(instanceId, found.RuntimeStatus);
        }
    }

    private static Durable.OrchestrationMetadata Ours(NativeClient.OrchestrationMetadata found, bool withPayloads) =>
        new(found.Name, found.InstanceId, ForeignStatuses.Ours(found.RuntimeStatus.ToString()))
        {
            CreatedAt = found.CreatedAt,
            LastUpdatedAt = found.LastUpdatedAt,
            SerializedInput = withPayloads ? InstanceEnvelope.Unwrapped(found.SerializedInput) : null,
            SerializedOutput = withPayloads ? RawJson.Shown(found.SerializedOutput) : null,
            SerializedCustomStatus = RawJson.Shown(found.SerializedCustomStatus),
            FailureDetails = found.FailureDetails?.Ours(),
        };

    private static async Task Answered(Func<Task> call) => await Answered(async () =>
    {
        await call();
        return true;
    });

    private static async Task<T> Answered<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted)
        {
            throw new EngineUnavailableException($"The engine does not answer now ({e.StatusCode}): {e.Status.Detail} What was asked may or may not have been accepted; ask again.", e);
        }
    }
}

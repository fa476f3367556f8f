using System.Runtime.CompilerServices;
using DurableTask.Core.Exceptions;
using Grpc.Core;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Native = Microsoft.DurableTask;
using NativeClient = Microsoft.DurableTask.Client;

namespace Holdfast.Host.Functions;

/// <summary>The port's client on Durable Functions', with the promises that that one leaves to its caller.</summary>
/// <param name="native">The client of the app's task hub.</param>
internal sealed class FunctionsClient(Func<DurableTaskClient> native, Payloads payloads, ILogger logger) : IOrchestrationClient
{
    public async Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, Durable.StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        var id = options?.InstanceId is { } given ? InstanceIds.Checked(given) : Guid.NewGuid().ToString("N");
        var envelope = InstanceEnvelope.Of(payloads.Write(input, $"The input of instance '{id}'"));
        if (options?.InstanceId is not null && await GetInstanceAsync(id, false, cancellation) is not null)
        {
            return id; // an extension that did not heed the statuses would begin an ended one anew
        }

        try
        {
            // Without a word about it, the same id started again would replace the instance, running or not.
            return await Answered(() => native().ScheduleNewOrchestrationInstanceAsync(orchestratorName, envelope, new Native.StartOrchestrationOptions(id, options?.StartAt)
            {
                // Nullable by name: a null would otherwise turn into a version that is empty, which is one, and host.json's would never be used.
                Version = options?.Version is { } version ? new Native.TaskVersion(version) : default(Native.TaskVersion?),
                DedupeStatuses = ForeignStatuses.All,
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
        await ReachAsync(instanceId, () => native().RaiseEventAsync(instanceId, eventName, payload, cancellation), cancellation);
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

        var all = await Answered(async () =>
        {
            List<Durable.OrchestrationMetadata> all = [];
            await foreach (var found in native().GetAllInstancesAsync(new NativeClient.OrchestrationQuery(Statuses: statuses, InstanceIdPrefix: query?.InstanceIdPrefix))
                .WithCancellation(cancellation))
            {
                all.Add(Ours(found, withPayloads: false));
            }

            return all;
        });
        foreach (var found in all.OrderBy(one => one.CreatedAt))
        {
            yield return found;
        }
    }

    public async Task TerminateInstanceAsync(string instanceId, object? output = null, CancellationToken cancellation = default)
    {
        var json = new RawJson(payloads.Write(output, $"The output of instance '{instanceId}'"));
        try
        {
            await ReachAsync(instanceId, () => native().TerminateInstanceAsync(instanceId, new TerminateInstanceOptions(json), cancellation), cancellation);
        }
        catch (InstanceEndedException)
        {
            // As was asked for.
        }
    }

    public Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        ReachAsync(instanceId, () => native().SuspendInstanceAsync(instanceId, reason, cancellation), cancellation);

    public Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        ReachAsync(instanceId, () => native().ResumeInstanceAsync(instanceId, reason, cancellation), cancellation);

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

    /// <summary>Does something to an instance that lives. To nobody it would be dropped without a word, so it is looked for; and again where it is refused, because it may have ended in between.</summary>
    private async Task ReachAsync(string instanceId, Func<Task> call, CancellationToken cancellation)
    {
        await LiveAsync(instanceId, cancellation);
        try
        {
            await Answered(call);
        }
        catch (EngineUnavailableException)
        {
            await LiveAsync(instanceId, cancellation);
            throw;
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

    private async Task Answered(Func<Task> call) => await Answered(async () =>
    {
        await call();
        return true;
    });

    private async Task<T> Answered<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            throw new OperationCanceledException("The question to the engine was given up.", e);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted)
        {
            throw Away(e);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.Aborted or StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            // The extension says Internal of a start that its store did not take, and Unknown of whatever else failed there; the last two it says
            // of an instance that has just ended. Of a cause that lasts nobody would hear, because what is not accepted is asked again in silence.
            logger.LogWarning("The engine failed ({Status}): {Detail}", e.StatusCode, e.Status.Detail);
            throw Away(e);
        }
    }

    private static EngineUnavailableException Away(RpcException e) =>
        new($"The engine does not answer now ({e.StatusCode}): {e.Status.Detail} What was asked may or may not have been accepted; ask again.", e);
}

using System.Runtime.CompilerServices;
using Holdfast.Durable.Embedded.Dispatch;
using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded;

/// <summary>Reaches the instances of an embedded engine in this process.</summary>
public sealed class EmbeddedClient : IOrchestrationClient
{
    private readonly EngineParts parts;
    private readonly InstanceTable table;
    private readonly Func<bool> stopping;

    internal EmbeddedClient(EngineParts parts, InstanceTable table, Func<bool> stopping)
    {
        this.parts = parts;
        this.table = table;
        this.stopping = stopping;
    }

    private long Now => parts.Options.Time.GetUtcNow().UtcTicks;

    /// <inheritdoc/>
    public async Task<string> ScheduleNewOrchestrationInstanceAsync(
        string orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        if (!parts.Registry.Orchestrators.ContainsKey(orchestratorName))
        {
            throw new ArgumentException(
                $"Orchestrator '{orchestratorName}' is not registered. {parts.Registry.Orchestrators.Listed()}", nameof(orchestratorName));
        }

        var id = InstanceIds.Checked(options?.InstanceId ?? Guid.NewGuid().ToString("N"));
        var json = parts.Registry.Payloads.Write(input, $"The input of instance '{id}'");
        var startAt = options?.StartAt?.UtcTicks;
        await AcceptAsync(tables => tables.Start(id, orchestratorName, options?.Version ?? string.Empty, json, Now, startAt), key =>
        {
            if (key is not { } started)
            {
                return;
            }

            parts.Options.CrashPoint(EngineCrashPoints.StartAccepted);
            if (startAt is { } due)
            {
                parts.Timers.Add(new TimerTarget(started, 0, IsRetry: false), due);
            }
            else
            {
                table.Post(started, Control.Look);
            }
        });
        return id;
    }

    /// <inheritdoc/>
    public async Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        var json = parts.Registry.Payloads.Write(eventPayload, $"Event '{eventName}' for instance '{instanceId}'");
        await AcceptAsync(tables => tables.Raise(instanceId, eventName, json), delivery =>
        {
            parts.Options.CrashPoint(EngineCrashPoints.EventAccepted);
            table.Post(delivery.Key, delivery.Message);
        });
    }

    /// <inheritdoc/>
    public Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, found => found.RuntimeStatus != OrchestrationRuntimeStatus.Pending, getInputsAndOutputs, cancellation);

    /// <inheritdoc/>
    public Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, found => found.IsCompleted, getInputsAndOutputs, cancellation);

    /// <summary>Waits until the instance has ended or is paused.</summary>
    public Task<OrchestrationMetadata> WaitForInstanceRestAsync(string instanceId, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, found => found.IsCompleted || found.RuntimeStatus == OrchestrationRuntimeStatus.Paused, true, cancellation);

    /// <inheritdoc/>
    public Task<OrchestrationMetadata?> GetInstanceAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        Task.FromResult(parts.Store.Read(reader => reader.Find(instanceId, getInputsAndOutputs)));

    /// <inheritdoc/>
    public async IAsyncEnumerable<OrchestrationMetadata> GetAllInstancesAsync(
        OrchestrationQuery? query = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        var after = -1L;
        for (var last = 0L; last != after;)
        {
            cancellation.ThrowIfCancellationRequested();
            after = last;
            (var items, last) = parts.Store.Read(reader => reader.Page(query?.Statuses, after));
            foreach (var item in items)
            {
                if (query?.InstanceIdPrefix is not { } prefix || item.InstanceId.StartsWith(prefix, StringComparison.Ordinal))
                {
                    yield return item;
                }
            }
        }
    }

    /// <inheritdoc/>
    public async Task TerminateInstanceAsync(string instanceId, object? output = null, CancellationToken cancellation = default)
    {
        var json = parts.Registry.Payloads.Write(output, $"The output of instance '{instanceId}'");
        await AcceptAsync(tables => tables.Terminate(instanceId, json, Now), ended =>
        {
            if (ended is not ({ } key, var toParent))
            {
                return;
            }

            parts.Activities.Hold(key);
            parts.Activities.Cancel(key);
            table.Post(key, Control.StatusChanged);
            if (toParent is { } delivery)
            {
                table.Post(delivery.Key, delivery.Message);
            }
        });
        parts.Watch.Changed(instanceId);
    }

    /// <inheritdoc/>
    public Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        ChangeAsync(instanceId, OrchestrationRuntimeStatus.Suspended, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Pending);

    /// <inheritdoc/>
    public Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        ChangeAsync(instanceId, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended);

    /// <summary>
    /// Lets a paused instance go on from its history, with a clean count of unclean ends. Does nothing to one that is not paused.
    /// </summary>
    /// <exception cref="InstanceNotFoundException">No such instance.</exception>
    /// <exception cref="InstanceEndedException">It has ended.</exception>
    public Task RetryInstanceAsync(string instanceId) =>
        ChangeAsync(instanceId, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Paused);

    /// <inheritdoc/>
    public Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default) =>
        AcceptAsync(tables => tables.Purge(instanceId), _ => { });

    private async Task ChangeAsync(string instanceId, OrchestrationRuntimeStatus to, params OrchestrationRuntimeStatus[] from)
    {
        await AcceptAsync(tables => tables.Change(instanceId, to, from), changed =>
        {
            if (changed is { } key)
            {
                if (from is [OrchestrationRuntimeStatus.Paused])
                {
                    parts.Activities.Forgive(key);
                }

                if (to == OrchestrationRuntimeStatus.Suspended)
                {
                    parts.Activities.Hold(key);
                }
                else
                {
                    parts.Activities.Release(key);
                }

                table.Post(key, Control.StatusChanged);
            }
        });
        parts.Watch.Changed(instanceId);
    }

    private Task<T> AcceptAsync<T>(Func<EngineTables, T> work, Action<T> committed) => stopping()
        ? throw new EngineUnavailableException("The engine is stopping. Nothing was accepted; try again when it is back.")
        : Guarded(work, committed);

    private async Task<T> Guarded<T>(Func<EngineTables, T> work, Action<T> committed)
    {
        parts.Idle.Enter();
        try
        {
            return await parts.Store.AcceptAsync(work, committed);
        }
        finally
        {
            parts.Idle.Leave();
        }
    }

    private async Task<OrchestrationMetadata> WaitAsync(
        string id, Func<OrchestrationMetadata, bool> enough, bool payloads, CancellationToken cancellation)
    {
        using var watcher = parts.Watch.Watch(id);
        while (true)
        {
            var changed = watcher.Next();
            var found = await GetInstanceAsync(id, payloads, cancellation) ?? throw new InstanceNotFoundException(id);
            if (enough(found))
            {
                return found;
            }

            await changed.WaitAsync(cancellation);
        }
    }
}

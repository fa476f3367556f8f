using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;
using Grpc.Core;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Microsoft.DurableTask.Client.Grpc;
using Microsoft.DurableTask.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>What the client asks of the Functions host, and what it makes of an answer that is none.</summary>
public sealed class ClientTests : IDisposable
{
    private readonly HostOnPaper host = new();
    private readonly LogBook log = new();
    private readonly FunctionsClient client;

    public ClientTests()
    {
        var native = new GrpcDurableTaskClient("test", new GrpcDurableTaskClientOptions { CallInvoker = host }, NullLogger.Instance);
        client = new FunctionsClient(() => native, new DurableRegistry(new DefaultJsonTypeInfoResolver()).Payloads, log.CreateLogger("Engine"));
    }

    [Fact]
    public async Task AStartThatNamesNoVersionLeavesItToHostJson()
    {
        await client.ScheduleNewOrchestrationInstanceAsync("run", 1, new StartOrchestrationOptions("a"));
        await client.ScheduleNewOrchestrationInstanceAsync("run", 1);
        await client.ScheduleNewOrchestrationInstanceAsync("run", 1, new StartOrchestrationOptions("b") { Version = "2.0" });
        Assert.Equal([null, null, "2.0"], host.Asked.OfType<CreateInstanceRequest>().Select(start => start.Version));
    }

    [Theory]
    [InlineData(OrchestrationStatus.Running)]
    [InlineData(OrchestrationStatus.Completed)]
    [InlineData(OrchestrationStatus.Failed)]
    [InlineData(OrchestrationStatus.Terminated)]
    public async Task AnIdThatIsThereIsNotStartedEvenWhereTheExtensionWouldBeginItAnew(OrchestrationStatus status)
    {
        host.Status = status;
        Assert.Equal("a", await client.ScheduleNewOrchestrationInstanceAsync("run", 1, new StartOrchestrationOptions("a")));
        Assert.Empty(host.Asked.OfType<CreateInstanceRequest>());
    }

    [Theory]
    [InlineData(StatusCode.Unavailable, false)]
    [InlineData(StatusCode.DeadlineExceeded, false)]
    [InlineData(StatusCode.ResourceExhausted, false)]
    [InlineData(StatusCode.Internal, true)]
    [InlineData(StatusCode.Unknown, true)]
    [InlineData(StatusCode.Aborted, true)]
    public async Task WhatTheHostCouldNotDoIsToBeAskedAgain(StatusCode code, bool isLogged)
    {
        host.Refuses["StartInstance"] = host.Refuses["QueryInstances"] = host.Refuses["RaiseEvent"] = code;
        var refused = await Assert.ThrowsAsync<EngineUnavailableException>(() => client.ScheduleNewOrchestrationInstanceAsync("run", 1, new StartOrchestrationOptions("a")));
        Assert.Contains($"({code}): for a reason", refused.Message, StringComparison.Ordinal);
        host.Status = OrchestrationStatus.Running;
        await Assert.ThrowsAsync<EngineUnavailableException>(() => client.RaiseEventAsync("a", "go"));
        await Assert.ThrowsAsync<EngineUnavailableException>(async () => await client.GetAllInstancesAsync().ToListAsync(TestContext.Current.CancellationToken));
        Assert.Equal(isLogged ? 3 : 0, log.Lines.Count(line => line == $"The engine failed ({code}): for a reason"));
    }

    [Theory]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.FailedPrecondition)]
    [InlineData(StatusCode.Unknown)]
    public async Task AnInstanceThatEndsBetweenTheLookAndTheCallIsSaidToHaveEnded(StatusCode code)
    {
        host.Refuses["RaiseEvent"] = host.Refuses["SuspendInstance"] = host.Refuses["TerminateInstance"] = code;
        host.AtRefusal = OrchestrationStatus.Completed;
        foreach (var call in new Func<Task>[] { () => client.RaiseEventAsync("a", "go"), () => client.SuspendInstanceAsync("a") })
        {
            host.Status = OrchestrationStatus.Running;
            Assert.Equal(OrchestrationRuntimeStatus.Completed, (await Assert.ThrowsAsync<InstanceEndedException>(call)).Status);
        }

        host.Status = OrchestrationStatus.Running;
        await client.TerminateInstanceAsync("a"); // as was asked for
    }

    public void Dispose() => log.Dispose();

    /// <summary>Stands for the Functions host: it has one instance, or none.</summary>
    private sealed class HostOnPaper : CallInvoker
    {
        public OrchestrationStatus? Status { get; set; }

        /// <summary>What becomes of the instance at a call that is refused.</summary>
        public OrchestrationStatus? AtRefusal { get; set; }

        public Dictionary<string, StatusCode> Refuses { get; } = [];

        public ConcurrentQueue<object> Asked { get; } = [];

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Asked.Enqueue(request);
            return new AsyncUnaryCall<TResponse>(Answer<TResponse>(method.Name, request), Task.FromResult(new Metadata()), () => Grpc.Core.Status.DefaultSuccess, () => [], () => { });
        }

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
            throw new NotSupportedException();

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw new NotSupportedException();

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

        private Task<TResponse> Answer<TResponse>(string method, object request)
        {
            if (Refuses.TryGetValue(method, out var code))
            {
                Status = AtRefusal ?? Status;
                return Task.FromException<TResponse>(new RpcException(new Status(code, "for a reason")));
            }

            object answer = request switch
            {
                CreateInstanceRequest start => new CreateInstanceResponse { InstanceId = start.InstanceId },
                GetInstanceRequest asked when Status is { } status => new GetInstanceResponse
                {
                    Exists = true, OrchestrationState = new OrchestrationState { Name = "run", InstanceId = asked.InstanceId, OrchestrationStatus = status, CreatedTimestamp = new(), LastUpdatedTimestamp = new() },
                },
                GetInstanceRequest => new GetInstanceResponse { Exists = false },
                _ => throw new NotSupportedException(method),
            };
            return Task.FromResult((TResponse)answer);
        }
    }
}

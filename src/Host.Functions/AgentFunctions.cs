using Holdfast.Agents.Approvals;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Runs;
using Holdfast.Durable.Adapting;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Holdfast.Host.Functions;

/// <summary>One function for each orchestrator and activity of the agents: the worker finds them here, though the program is the user's.</summary>
public sealed class AgentFunctions(FunctionsRuntime runtime)
{
    [Function(AgentRun.Name)]
    public Task<RawJson> Run([OrchestrationTrigger] TaskOrchestrationContext context) => runtime.OrchestrateAsync(context);

    [Function(AskPerson.Name)]
    public Task<RawJson> Person([OrchestrationTrigger] TaskOrchestrationContext context) => runtime.OrchestrateAsync(context);

    [Function(TellPerson.Name)]
    public Task<RawJson> Message([OrchestrationTrigger] TaskOrchestrationContext context) => runtime.OrchestrateAsync(context);

    [Function(EngineMark.Name)]
    public Task<RawJson> Mark([OrchestrationTrigger] TaskOrchestrationContext context) => runtime.OrchestrateAsync(context);

    [Function("AskModel")]
    public Task<RawJson> Model([ActivityTrigger] ActivityEnvelope input, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        runtime.ActAsync("AskModel", input, client, cancellation);

    [Function("RunTool")]
    public Task<RawJson> Tool([ActivityTrigger] ActivityEnvelope input, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        runtime.ActAsync("RunTool", input, client, cancellation);

    [Function("SettleAsking")]
    public Task<RawJson> Settle([ActivityTrigger] ActivityEnvelope input, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        runtime.ActAsync("SettleAsking", input, client, cancellation);

    [Function("SendMessage")]
    public Task<RawJson> Send([ActivityTrigger] ActivityEnvelope input, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        runtime.ActAsync("SendMessage", input, client, cancellation);

    [Function("CloseRun")]
    public Task<RawJson> Close([ActivityTrigger] ActivityEnvelope input, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        runtime.ActAsync("CloseRun", input, client, cancellation);
}

using Holdfast.Agents.Runs;
using Holdfast.Durable;

namespace Holdfast.Agents.Messages;

/// <summary>Sends one message: tries, waits and tries again, until its channel has taken it, the next one has it, or nothing is left to tell.</summary>
public sealed class TellPerson : IOrchestrator<MessageStep, Nothing>
{
    public const string Name = nameof(TellPerson);

    public async Task<Nothing> RunAsync(OrchestrationContext context, MessageStep message)
    {
        await new Looks(context).UntilSettled(() => context.CallActivityAsync<StepAnswer>(SendMessage.Name, message, Activities.Patience));
        return Nothing.Value;
    }
}

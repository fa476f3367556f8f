using Holdfast.Agents.Runs;
using Holdfast.Durable;

namespace Holdfast.Agents.Approvals;

/// <summary>
/// One asking: waits for a person's word or for something that is due: a reminder, an escalation, its end. The word itself is in the store before this hears of it; answers
/// <see cref="Next.Ask"/> when the call may try its gate, or with the round that an edit has put in place of this one, else what became of the run.
/// </summary>
public sealed class AskPerson : IOrchestrator<DateTime?, StepAnswer>
{
    public const string Name = nameof(AskPerson);

    /// <param name="due">When something is first to happen to it by itself; null for never. Which asking it is, its instance's id says.</param>
    public async Task<StepAnswer> RunAsync(OrchestrationContext context, DateTime? due)
    {
        var asking = Instances.AskingOf(context.InstanceId);
        var looks = new Looks(context);

        // The asking is open in the store already: wait before the first look. An early word has left its event here.
        await looks.WaitAsync(due);
        return await looks.UntilSettled(() => context.CallActivityAsync<StepAnswer>(SettleAsking.Name, asking, Activities.Patience));
    }
}

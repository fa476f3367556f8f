using Holdfast.Agents.Approvals;
using Holdfast.Durable;

namespace Holdfast.Agents.Runs;

/// <summary>
/// The loop: ask the model; resolve its tool calls; again, until an end is decided; close the run. It holds no truth: every step reads the
/// store and answers what is next, so that a late, early or doubled event changes nothing.
/// </summary>
public sealed class AgentRun : IOrchestrator<RunRef, Nothing>
{
    public const string Name = nameof(AgentRun);

    private const int TurnsPerGeneration = 20;

    public async Task<Nothing> RunAsync(OrchestrationContext context, RunRef run)
    {
        var looks = new Looks(context);
        for (var turn = run.Turn; ; turn++)
        {
            if (turn - run.Turn == TurnsPerGeneration)
            {
                context.ContinueAsNew(run with { Turn = turn });
                return Nothing.Value;
            }

            var reply = await looks.UntilSettled(() => context.CallActivityAsync<StepAnswer>(AskModel.Name, run with { Turn = turn }, Activities.Patience));
            if (reply.Next == Next.Close || await ResolveAsync(context, looks, run with { Turn = turn }, reply.Calls ?? []))
            {
                return await context.CallActivityAsync<Nothing>(CloseRun.Name, run with { Turn = turn }, Activities.Patience);
            }
        }
    }

    /// <returns>Whether the run's end is decided.</returns>
    private static async Task<bool> ResolveAsync(OrchestrationContext context, Looks looks, RunRef turn, IReadOnlyList<PlannedCall> calls)
    {
        // Every approval opens now, also of a call that others hold up: its time runs from here.
        var resolving = calls.Select(call => (call.Ordered, Call: new CallResolution(context, looks, turn, call))).ToList();
        var free = resolving.Where(one => !one.Ordered).Select(one => one.Call.RunAsync());
        var ends = await Task.WhenAll([.. free, InOrderAsync(resolving.Where(one => one.Ordered).Select(one => one.Call))]);
        return ends.Contains(true);
    }

    private static async Task<bool> InOrderAsync(IEnumerable<CallResolution> calls)
    {
        foreach (var call in calls)
        {
            if (await call.RunAsync())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One call, until it is settled or the run's end is decided.</summary>
    private sealed class CallResolution
    {
        private readonly OrchestrationContext context;
        private readonly Looks looks;
        private readonly CallStep step;
        private readonly RunRef turn;
        private Task<StepAnswer>? asking;

        public CallResolution(OrchestrationContext context, Looks looks, RunRef turn, PlannedCall call)
        {
            this.context = context;
            this.looks = looks;
            this.turn = turn;
            step = new CallStep(turn.Run, turn.Generation, turn.Turn, call.Index);
            asking = call.Asking is { } open ? AskAsync(open) : null;
        }

        public async Task<bool> RunAsync()
        {
            while (true)
            {
                // A word that settles the call (rejected, expired, it happened) leaves nothing to run.
                if (asking is not null && await asking is var word && word.Next != Next.Ask)
                {
                    return word.Next == Next.Close;
                }

                var answer = await looks.UntilSettled(() => context.CallActivityAsync<StepAnswer>(RunTool.Name, step, Activities.Patience));
                if (answer.Next != Next.Ask)
                {
                    return answer.Next == Next.Close;
                }

                asking = AskAsync(answer.Asking!);
            }
        }

        /// <summary>One round, and those that edits put in its place: they are asked also while other calls hold this one up.</summary>
        private async Task<StepAnswer> AskAsync(Asking open)
        {
            while (true)
            {
                var word = await context.CallSubOrchestratorAsync<StepAnswer>(
                    AskPerson.Name,
                    open.Due,
                    new SubOrchestrationOptions(InstanceId: Instances.OfAsking(turn.Run, turn.Generation, open.Id)));
                if (word is not { Next: Next.Ask, Asking: { } next })
                {
                    return word;
                }

                open = next;
            }
        }
    }
}

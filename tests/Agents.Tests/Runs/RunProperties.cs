using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

/// <summary>Whatever people, clocks and restarts do in whatever order: a run is in a legal state, and an approval is one effect at most.</summary>
public sealed class RunProperties
{
    private enum Act
    {
        ApproveFirst,
        RejectFirst,
        ApproveLast,
        RejectLast,
        Cancel,
        Suspend,
        Resume,
        Retry,
        Restart,
        RestartUnsettled,
        Settle,
        AnHour,
        TwoDays,
        FailNext,
        Sweep,
    }

    [Fact]
    public void AnyInterleavingEndsInALegalStateWithOneEffectForEachApprovalAtMost()
    {
        var acts = Gen.Elements(Enum.GetValues<Act>()).ListOf(14).ToArbitrary();
        Prop.ForAll(acts, sequence => TryAsync([.. sequence]).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(Torture.Rounds(60, 600)));
    }

    private static async Task<bool> TryAsync(IReadOnlyList<Act> acts)
    {
        var failNext = false;
        var refund = Given.Refund();
        refund.Act = (_, _) =>
        {
            if (failNext)
            {
                failNext = false;
                throw new TimeoutException("down");
            }

            return Task.FromResult<object?>("paid");
        };
        var model = Given.Calling(("refund", """{"amount":1}"""), ("refund", """{"amount":2}"""));
        await using var desk = await RunHarness.StartAsync(new Deployment(model, refund).Asking(Given.Held()));
        var run = await desk.RunAsync();
        var approvals = (await desk.FindAsync(run)).Approvals;
        foreach (var act in acts)
        {
            await DoAsync(desk, run, approvals, act, () => failNext = true);
        }

        // Then people tidy up, and every run comes to its end.
        await desk.SettleAsync();
        await DoAsync(desk, run, approvals, Act.Resume, () => { });
        await desk.SettleAsync();
        await DoAsync(desk, run, approvals, Act.Retry, () => { });
        await desk.AdvanceAsync(TimeSpan.FromDays(4));
        await DoAsync(desk, run, approvals, Act.Retry, () => { });
        await desk.SettleAsync();

        var ended = await desk.FindAsync(run);
        Assert.Equal("ended", ended.Status);
        Assert.True(refund.Keys.Count <= 2);
        foreach (var (id, index) in approvals.Select((id, index) => (id, index)))
        {
            var approval = await desk.ApprovalAsync(id);
            var keys = refund.Requests.Where(request => request.Arguments == approval.Arguments.GetRawText()).Select(request => request.Key).Distinct().Count();
            Assert.Equal(approval.ConsumedAt is null ? 0 : 1, keys);
            Assert.Equal(approval.ConsumedAt is not null, approval.Status == "approved");
            Assert.Equal(approval.ConsumedAt is not null, ended.Outcome!.Done.Concat(ended.Outcome.Unknown).Any(call => call.Index == index));
        }

        Assert.Equal(1, model.Asked.Count(prompt => prompt.Turn == 1));
        Assert.Contains(ended.Outcome!.Kind, new[] { OutcomeKinds.Completed, OutcomeKinds.Cancelled });
        return true;
    }

    private static async Task DoAsync(RunHarness desk, string run, IReadOnlyList<string> approvals, Act act, Action fail)
    {
        try
        {
            await (act switch
            {
                Act.ApproveFirst => desk.DecideAsync(approvals[0], "approve"),
                Act.RejectFirst => desk.DecideAsync(approvals[0], "reject"),
                Act.ApproveLast => desk.DecideAsync(approvals[^1], "approve"),
                Act.RejectLast => desk.DecideAsync(approvals[^1], "reject"),
                Act.Cancel => desk.System.Runs.CancelAsync(RunHarness.Anna, run),
                Act.Suspend => desk.System.Runs.SuspendAsync(RunHarness.Anna, run),
                Act.Resume => desk.System.Runs.ResumeAsync(RunHarness.Anna, run),
                Act.Retry => desk.System.Runs.RetryAsync(RunHarness.Anna, run),
                Act.Restart => SettledRestartAsync(desk),
                Act.RestartUnsettled => desk.RestartAsync(),
                Act.AnHour => desk.AdvanceAsync(TimeSpan.FromHours(1)),
                Act.TwoDays => desk.AdvanceAsync(TimeSpan.FromDays(2)),
                Act.Sweep => desk.System.SweepNowAsync(),
                _ => desk.SettleAsync(),
            });
            if (act == Act.FailNext)
            {
                fail();
            }
        }
        catch (RefusedException)
        {
            // A state may forbid it; then nothing has changed.
        }
    }

    private static async Task SettledRestartAsync(RunHarness desk)
    {
        await desk.SettleAsync();
        await desk.RestartAsync();
    }
}

using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

/// <summary>What the port promises, on an engine that does not.</summary>
public sealed class ContextTests
{
    [Fact]
    public void StepNumbersAndKeysGoOnAcrossGenerations()
    {
        var engine = Run(TestRegistry.New()
            .Orchestrator<int, int>("loop", async (context, round) =>
            {
                await context.CallActivityAsync("note");
                if (round < 2)
                {
                    context.ContinueAsNew(round + 1);
                }

                return round;
            })
            .Activity<int, Nothing>("note", (_, _) => Nothing.Value), "loop", 0);
        Assert.Equal(("2", 3), (engine.Output, engine.Generations));
        Assert.Equal([1L, 3L, 5L], engine.Activities.Select(json => Json.Read<ActivityEnvelope>(json).Step));
        Assert.Equal(StepKey.Of("paper", 5), Json.Read<ActivityEnvelope>(engine.Activities[2]).Key);
    }

    [Fact]
    public void ARetriedStepKeepsItsNumberAndKeyAndWaitsAsThePolicySays()
    {
        var attempts = 0;
        var engine = Run(TestRegistry.New()
            .Orchestrator<int, int>("retry", (context, _) => context.CallActivityAsync<int>("flaky", 1, new TaskOptions(new RetryPolicy(3, TimeSpan.FromSeconds(10), 2))))
            .Activity<int, int>("flaky", (_, _) => ++attempts < 3 ? throw new IOException("not yet") : attempts), "retry", 0);
        engine.Fire();
        engine.Fire();
        Assert.Equal(("3", 3), (engine.Output, attempts));
        Assert.Single(engine.Activities.Distinct());
        Assert.True(engine.Now >= PaperEngine.Midnight.AddSeconds(30));
    }

    [Fact]
    public void AStepThatKeepsFailingIsThrownWithItsNumberAndCause()
    {
        var engine = Run(TestRegistry.New()
            .Orchestrator<int, string>("fail", async (context, _) =>
            {
                var failed = await Assert.ThrowsAsync<TaskFailedException>(() => context.CallActivityAsync("no"));
                return $"{failed.TaskName} {failed.TaskId} {failed.FailureDetails.IsCausedBy<IOException>()}";
            })
            .Activity<int, int>("no", Fail), "fail", 0);
        Assert.Equal("\"no 1 True\"", engine.Output);

        static Task<int> Fail(ActivityContext context, int input) => throw new FileNotFoundException("gone");
    }

    [Fact]
    public void ATimerThatTheEngineFiresEarlyIsSetAgain()
    {
        var engine = new PaperEngine(TestRegistry.New().Orchestrator<int, DateTime>("wait", async (context, _) =>
        {
            var due = context.CurrentUtcDateTime + TimeSpan.FromSeconds(3);
            await context.CreateTimer(due, CancellationToken.None);
            return context.CurrentUtcDateTime >= due ? due : throw new InvalidOperationException("early");
        }), "wait", 0)
        { Early = TimeSpan.FromMilliseconds(700) }.Start();
        Assert.Equal([PaperEngine.Midnight.AddSeconds(3.5)], engine.Timers);
        engine.Fire();
        Assert.Null(engine.Output);
        engine.Advance(TimeSpan.FromSeconds(1));
        engine.Fire();
        Assert.Null(engine.Failure);
        Assert.NotNull(engine.Output);
    }

    [Fact]
    public void AnEventBetweenTwoWaitsOfANameIsNotLost()
    {
        var engine = Run(Reminding(), "approval", 0);
        engine.Fire();
        Assert.Single(engine.Activities);
        engine.Raise("DECISION", "yes");
        Assert.Equal("\"reminded: yes\"", engine.Output);
    }

    [Fact]
    public void AnEventThatOnlyACancelledWaiterCouldTakeIsHandedOn()
    {
        var engine = Run(TestRegistry.New().Orchestrator<int, string>("turn", async (context, generation) =>
        {
            if (generation == 0)
            {
                using var giveUp = new CancellationTokenSource();
                _ = context.WaitForExternalEvent<string>("a", giveUp.Token);
                giveUp.Cancel();
                await context.WaitForExternalEvent<string>("turn");
                context.ContinueAsNew(1);
                return "";
            }

            return $"{await context.WaitForExternalEvent<string>("a")} {await context.WaitForExternalEvent<string>("A")}";
        }), "turn", 0);
        engine.Raise("a", "first");
        engine.Raise("a", "second");
        engine.Raise("turn", "now");
        Assert.Equal("\"first second\"", engine.Output);
    }

    [Fact]
    public void AnInstanceThatEndsLeavesNoTimerBehind()
    {
        var engine = Run(TestRegistry.New().Orchestrator<int, string>("leave", async (context, _) =>
        {
            var timer = context.CreateTimer(TimeSpan.FromDays(3), CancellationToken.None);
            await Task.WhenAny(timer, context.WaitForExternalEvent<int>("go"));
            return "gone";
        }), "leave", 0);
        Assert.Single(engine.Timers);
        engine.Raise("go", 1);
        Assert.Equal("\"gone\"", engine.Output);
        Assert.Empty(engine.Timers);
    }

    [Theory]
    [InlineData(false, "\"done\"", new long[0])]
    [InlineData(true, "\"next\"", new long[] { 3 })]
    public void AWaitThatIsLeftOpenAtTheEndDoesNotRunOut(bool goesOn, string output, long[] steps)
    {
        var engine = Run(TestRegistry.New()
            .Orchestrator<int, string>("leave", async (context, generation) =>
            {
                if (generation == 1)
                {
                    return await context.CallActivityAsync<string>("note", "next");
                }

                await Task.WhenAny(Remind(context), context.WaitForExternalEvent<int>("go"));
                if (goesOn)
                {
                    context.ContinueAsNew(1);
                }

                return "done";
            })
            .Activity<string, string>("note", (_, what) => what), "leave", 0);
        engine.Raise("go", 1);
        Assert.Equal(output, engine.Output);
        Assert.Equal(steps, engine.Activities.Select(json => Json.Read<ActivityEnvelope>(json).Step));

        static async Task Remind(OrchestrationContext context)
        {
            try
            {
                await context.WaitForExternalEvent<int>("decision", TimeSpan.FromDays(3));
            }
            catch (TaskCanceledException)
            {
                await context.CallActivityAsync("note", "three days have passed");
            }
        }
    }

    [Fact]
    public void CodeThatGoesOnAfterTheEndIsRefused()
    {
        Exception? told = null;
        var engine = Run(TestRegistry.New()
            .Orchestrator<int, string>("two", async (context, input) =>
            {
                var end = new TaskCompletionSource<string>();
                _ = EndAndGoOnAsync(context, end);
                return await end.Task;
            })
            .Activity<int, Nothing>("note", (_, _) => Nothing.Value), "two", 0);
        engine.Raise("go", "gone");
        Assert.Equal("\"gone\"", engine.Output);
        Assert.Empty(engine.Activities);
        Assert.Contains("asked for something after it had ended, after step 0", told!.Message, StringComparison.Ordinal);

        async Task EndAndGoOnAsync(OrchestrationContext context, TaskCompletionSource<string> end)
        {
            end.SetResult(await context.WaitForExternalEvent<string>("go"));
            try
            {
                await context.CallActivityAsync("note");
            }
            catch (InvalidOperationException e)
            {
                told = e;
            }
        }
    }

    [Fact]
    public void EventsHeldBeyondWhatTheEngineCarriesFailTheInstanceByName()
    {
        var large = new string('x', ForeignPayloads.Largest / 2);
        var engine = Run(TestRegistry.New().Orchestrator<string, string>("hold", async (context, input) =>
        {
            using var giveUp = new CancellationTokenSource();
            _ = context.WaitForExternalEvent<string>("a", giveUp.Token);
            giveUp.Cancel();
            await context.WaitForExternalEvent<string>("turn");
            context.ContinueAsNew(input);
            return "";
        }), "hold", large);
        engine.Raise("a", large);
        engine.Raise("turn", "now");
        var failure = Assert.IsType<PayloadTooLargeException>(engine.Failure);
        Assert.Contains("orchestrator 'hold' with 1 events that nobody has read", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheCustomStatusIsJsonAndAtMost16KB()
    {
        var engine = Run(TestRegistry.New().Orchestrator<int, int>("status", async (context, _) =>
        {
            context.SetCustomStatus("waiting");
            Assert.Throws<PayloadTooLargeException>(() => context.SetCustomStatus(new string('x', 16 * 1024)));
            return await context.WaitForExternalEvent<int>("go");
        }), "status", 0);
        Assert.Null(engine.Failure);
        Assert.Equal("\"waiting\"", engine.CustomStatus);
    }

    [Fact]
    public async Task CodeThatComesBackOnAnotherTurnIsToldWhatItDid()
    {
        OrchestrationContext? kept = null;
        Run(TestRegistry.New().Orchestrator<int, int>("stray", (context, _) =>
        {
            kept = context;
            return context.WaitForExternalEvent<int>("go");
        }), "stray", 0);
        var told = await Assert.ThrowsAsync<InvalidOperationException>(() => kept!.CallActivityAsync("late"));
        Assert.Contains("Orchestrator 'stray' (instance 'paper') awaited something that is not in its history, after step 0", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TimeNeverGoesBackThoughTheMachinesClockDoes()
    {
        var engine = Run(TestRegistry.New().Orchestrator<int, bool>("clock", async (context, _) =>
        {
            var before = context.CurrentUtcDateTime;
            await context.WaitForExternalEvent<int>("go");
            return context.CurrentUtcDateTime >= before;
        }), "clock", 0);
        engine.Advance(TimeSpan.FromHours(-1));
        engine.Raise("go", 1);
        Assert.Equal("true", engine.Output);
    }

    [Fact]
    public void TimeDoesNotGoBackAcrossGenerationsEither()
    {
        var engine = Run(TestRegistry.New().Orchestrator<DateTime, bool>("clock", async (context, before) =>
        {
            if (before == default)
            {
                await context.WaitForExternalEvent<int>("go");
                context.ContinueAsNew(context.CurrentUtcDateTime);
                return false;
            }

            await context.WaitForExternalEvent<int>("go");
            return context.CurrentUtcDateTime >= before;
        }), "clock", default(DateTime));
        engine.Advance(TimeSpan.FromHours(1));
        engine.Raise("go", 1);
        engine.Advance(TimeSpan.FromHours(-1));
        engine.Raise("go", 2);
        Assert.Equal("true", engine.Output);
    }

    private static PaperEngine Run(DurableRegistry registry, string name, object input) => new PaperEngine(registry, name, input).Start();

    private static DurableRegistry Reminding() => TestRegistry.New()
        .Orchestrator<int, string>("approval", async (context, _) =>
        {
            try
            {
                return "in time: " + await context.WaitForExternalEvent<string>("decision", TimeSpan.FromHours(1));
            }
            catch (TaskCanceledException)
            {
                await context.CallActivityAsync("remind");
                return "reminded: " + await context.WaitForExternalEvent<string>("Decision");
            }
        })
        .Activity<int, Nothing>("remind", (_, _) => Nothing.Value);
}

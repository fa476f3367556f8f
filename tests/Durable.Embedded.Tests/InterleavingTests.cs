using FsCheck;
using FsCheck.Fluent;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

/// <summary>A seeded search: whatever happens in between, and in whatever order, the outcome is that of an undisturbed run.</summary>
public sealed class InterleavingTests
{
    private const string Undisturbed = "a1 a2 a3 b1 b2 30 child timer";

    private enum Move
    {
        RaiseA,
        RaiseB,
        Advance,
        Restart,
        Settle,
        SuspendAndResume,
    }

    [Fact]
    public void AnyInterleavingOfResultsEventsTimersAndRestartsHasTheOutcomeOfNone() =>
        Prop.ForAll(Gen.Elements(Enum.GetValues<Move>()).ListOf().ToArbitrary(), moves => Play(moves).GetAwaiter().GetResult() == Undisturbed)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Torture.Rounds(40, 1000)).WithEndSize(30));

    private static async Task<string> Play(IEnumerable<Move> moves)
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(Code());
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("mix", 0, new StartOrchestrationOptions("m"));
        var (a, b) = (0, 0);
        foreach (var move in moves)
        {
            switch (move)
            {
                case Move.RaiseA when a < 3:
                    await engine.Client.RaiseEventAsync("m", "a", $"a{++a}");
                    break;
                case Move.RaiseB when b < 2:
                    await engine.Client.RaiseEventAsync("m", "B", $"b{++b}");
                    break;
                case Move.Advance:
                    await engine.AdvanceAsync(TimeSpan.FromSeconds(20));
                    break;
                case Move.Restart:
                    await engine.RestartAsync();
                    break;
                case Move.Settle:
                    await engine.SettleAsync();
                    break;
                case Move.SuspendAndResume when a < 3:
                    await engine.Client.SuspendInstanceAsync("m");
                    await engine.Client.ResumeInstanceAsync("m");
                    break;
            }
        }

        while (a < 3)
        {
            await engine.Client.RaiseEventAsync("m", "a", $"a{++a}");
        }

        while (b < 2)
        {
            await engine.Client.RaiseEventAsync("m", "B", $"b{++b}");
        }

        await engine.AdvanceAsync(TimeSpan.FromMinutes(10));
        return (await engine.Client.GetInstanceAsync("m", true))!.SerializedOutput?.Trim('"') ?? "not ended";
    }

    private static DurableRegistry Code() => TestRegistry.New()
        .Orchestrator<int, string>("mix", async (context, generation) =>
        {
            if (generation == 0)
            {
                await context.CallActivityAsync<int>("ten");
                context.ContinueAsNew(1);
                return string.Empty;
            }

            var timer = context.CreateTimer(TimeSpan.FromMinutes(1), CancellationToken.None);
            var child = context.CallSubOrchestratorAsync<string>("child");
            var tens = Enumerable.Range(0, 3).Select(_ => context.CallActivityAsync<int>("ten")).ToList();
            List<string> parts = [];
            for (var n = 0; n < 3; n++)
            {
                parts.Add(await context.WaitForExternalEvent<string>("A"));
                await context.CallActivityAsync<int>("ten");
            }

            parts.Add(await context.WaitForExternalEvent<string>("b"));
            parts.Add(await context.WaitForExternalEvent<string>("b"));
            parts.Add($"{(await Task.WhenAll(tens)).Sum()}");
            parts.Add(await child);
            await timer;
            return string.Join(' ', parts.Append("timer"));
        })
        .Orchestrator<int, string>("child", async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromSeconds(30), CancellationToken.None);
            return "child";
        })
        .Activity<int, int>("ten", (_, _) => 10);
}

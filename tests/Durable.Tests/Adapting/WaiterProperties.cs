using FsCheck;
using FsCheck.Fluent;
using Holdfast.Durable.Adapting;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

/// <summary>
/// Whatever comes in whatever order, the same code meets the same events on our own engine and on an engine that loses them where Durable
/// Task does.
/// </summary>
public sealed class WaiterProperties
{
    /// <summary>What happens next: an event a or b comes, or the code is told to do something.</summary>
    public enum Move
    {
        A,
        B,
        WaitForA,
        WaitForB,
        CancelA,
        CancelB,
        Turn,
        TurnAndForget,
    }

    [Fact]
    public void AnyInterleavingHasTheOutcomeOfOurOwnEngine() =>
        Prop.ForAll(Gen.Elements(Enum.GetValues<Move>()).ListOf().ToArbitrary(), moves =>
        {
            var ours = OnOurs(moves).GetAwaiter().GetResult();
            var theirs = OnTheirs(moves);
            return ours == theirs ? true : throw new InvalidOperationException($"[{string.Join(", ", moves)}]: {ours} against {theirs}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(25));

    private static string OnTheirs(IEnumerable<Move> moves)
    {
        var engine = new PaperEngine(Code(), "script", new List<string>()).Start();
        foreach (var (name, payload) in Events(moves))
        {
            engine.Raise(name, payload);
        }

        return engine.Output ?? $"not ended: {engine.Failure}";
    }

    private static async Task<string> OnOurs(IEnumerable<Move> moves)
    {
        var directory = Directory.CreateTempSubdirectory("holdfast-waiters-").FullName;
        await using (var engine = EmbeddedEngine.Open(new EngineOptions { DataDirectory = directory, Time = new VirtualTime() }, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance))
        {
            await engine.StartAsync(Code());
            await engine.Client.ScheduleNewOrchestrationInstanceAsync("script", new List<string>(), new StartOrchestrationOptions("s"));
            foreach (var (name, payload) in Events(moves))
            {
                await engine.Client.RaiseEventAsync("s", name, payload);
            }

            var ended = await engine.Client.WaitForInstanceCompletionAsync("s", getInputsAndOutputs: true).Patiently();
            return ended.SerializedOutput ?? $"not ended: {ended.FailureDetails}";
        }
    }

    private static IEnumerable<(string Name, string Payload)> Events(IEnumerable<Move> moves)
    {
        var count = 0;
        foreach (var move in moves)
        {
            yield return move is Move.A or Move.B ? ($"{move}", $"{move}{++count}") : ("do", $"{move}");
        }

        // Whatever is left is read at the end.
        yield return ("do", $"{Move.Turn}");
        yield return ("a", "last a");
        yield return ("b", "last b");
        yield return ("do", "end");
    }

    private static DurableRegistry Code() => TestRegistry.New().Orchestrator<List<string>, string>("script", async (context, seen) =>
    {
        Dictionary<string, (Task<string> Waiter, CancellationTokenSource GiveUp)> open = [];
        while (true)
        {
            var move = await context.WaitForExternalEvent<string>("do");
            Note();
            switch (move)
            {
                case nameof(Move.WaitForA) or nameof(Move.WaitForB):
                    var name = move[^1..];
                    var giveUp = new CancellationTokenSource();
                    try
                    {
                        var waiter = Wait(name, giveUp.Token);
                        if (waiter.IsFaulted)
                        {
                            seen.Add("two");
                        }
                        else
                        {
                            open[name] = (waiter, giveUp);
                        }
                    }
                    catch (InvalidOperationException)
                    {
                        seen.Add("two");
                    }

                    break;
                case nameof(Move.CancelA) or nameof(Move.CancelB) when open.Remove(move[^1..], out var one):
                    one.GiveUp.Cancel();
                    break;
                case nameof(Move.Turn) or nameof(Move.TurnAndForget):
                    context.ContinueAsNew(seen, preserveUnprocessedEvents: move == nameof(Move.Turn));
                    return "";
                case "end":
                    seen.Add(await context.WaitForExternalEvent<string>("a"));
                    seen.Add(await context.WaitForExternalEvent<string>("b"));
                    return string.Join(' ', seen);
            }

            Note();
        }

        Task<string> Wait(string name, CancellationToken cancellation) => context.WaitForExternalEvent<string>(name, cancellation);

        void Note()
        {
            foreach (var (name, one) in open.Where(one => one.Value.Waiter.IsCompletedSuccessfully).ToList())
            {
                seen.Add(one.Waiter.Result);
                open.Remove(name);
            }
        }
    });
}

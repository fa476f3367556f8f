using System.Globalization;
using System.Text;
using Holdfast.Durable.Testing;

namespace Holdfast.Durable.Embedded.CrashHost;

/// <summary>What the host does again at every start: starts and events are repeated until they have been accepted once.</summary>
internal sealed class Scenes(string directory)
{
    private const int Rounds = 4;
    private readonly Ledger ledger = new(Path.Combine(directory, "ledger"));
    private readonly Ledger accepted = new(Path.Combine(directory, "accepted"));
    private int works;

    public DurableRegistry Code() => TestRegistry.New()
        .Orchestrator<int, string>("mix", MixAsync)
        .Orchestrator<int, int>("child", async (context, n) => await context.CallActivityAsync<int>("note", n) + await context.CallActivityAsync<int>("note", n))
        .Orchestrator<int, long>("sum", async (context, width) =>
            (await Task.WhenAll(Enumerable.Range(1, width).Select(n => context.CallActivityAsync<long>("same", n)))).Sum())
        .Orchestrator<string, string>("poison", (context, how) => context.CallActivityAsync<string>("poison", how))
        .Orchestrator<int, int>("deep", (_, n) => Task.FromResult(Bottomless(n)))
        .Orchestrator<int, string>("neighbour", async (context, _) =>
        {
            for (var n = 0; n < 5; n++)
            {
                await context.CallActivityAsync<int>("slow", n);
            }

            return "fine";
        })
        .Activity<int, int>("note", (context, n) =>
        {
            ledger.Add(Line(context));
            if (Interlocked.Exchange(ref works, 1) == 0)
            {
                Console.WriteLine("works");
            }

            return n;
        })
        .Activity<long, long>("same", (_, n) => n)
        .Activity<int, int>("slow", async (_, n) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System);
            return n;
        })
        .Activity<string, string>("poison", (context, how) =>
        {
            ledger.Add(Line(context));
            return how switch
            {
                "throw" => throw new InvalidOperationException("poison"),
                "fail-fast" => FailFast(),
                "memory" => ExhaustMemory(),
                _ => Bottomless(0).ToString(CultureInfo.InvariantCulture),
            };
        });

    public Task PlayAsync(string scene, int count, EmbeddedClient client, CancellationToken stop) => scene switch
    {
        "mix" => MixAllAsync(client, count, stop),
        "sum" => StartAndWaitAsync(client, "sum", "sum", count, stop),
        "idle" => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop),
        _ => PoisonAsync(client, scene, count, stop),
    };

    /// <summary>Twenty noted steps in four generations, with an event, a timer and a child in each.</summary>
    private static async Task<string> MixAsync(OrchestrationContext context, int round)
    {
        await context.CallActivityAsync<int>("note", round);
        await Task.WhenAll(context.CallActivityAsync<int>("note", round), context.CallActivityAsync<int>("note", round));
        await context.CreateTimer(TimeSpan.FromMilliseconds(5), CancellationToken.None);
        var told = -1;
        while (told < round)
        {
            // One that was sent twice, because its sender was killed before it had noted that it was accepted, comes twice.
            told = await context.WaitForExternalEvent<int>("go");
        }

        if (told > round)
        {
            throw new InvalidOperationException($"Event {told} came in round {round}: one before it was lost or overtaken.");
        }

        await context.CallSubOrchestratorAsync<int>("child", round);
        if (round + 1 < Rounds)
        {
            context.ContinueAsNew(round + 1);
        }

        return "whole";
    }

    private Task MixAllAsync(EmbeddedClient client, int count, CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, count).Select(async n =>
    {
        var id = $"mix-{n:D3}";
        if (!accepted.Has(id))
        {
            await client.ScheduleNewOrchestrationInstanceAsync("mix", 0, new StartOrchestrationOptions(id), stop);
            accepted.Add(id);
        }

        for (var round = 0; round < Rounds; round++)
        {
            if (!accepted.Has($"{id}/{round}"))
            {
                await SendAsync(client, id, round, stop);
                accepted.Add($"{id}/{round}");
            }
        }

        await client.WaitForInstanceCompletionAsync(id, cancellation: stop);
    }));

    private static async Task SendAsync(EmbeddedClient client, string id, int round, CancellationToken stop)
    {
        try
        {
            await client.RaiseEventAsync(id, "go", round, stop);
        }
        catch (InstanceEndedException)
        {
            // It was accepted before the kill, and the instance has ended with it.
        }
    }

    private static async Task PoisonAsync(EmbeddedClient client, string how, int count, CancellationToken stop)
    {
        List<Task> all = [];
        for (var n = 0; n < count; n++)
        {
            all.Add(StartAndWaitAsync(client, "neighbour", $"neighbour-{n}", n, stop));
        }

        all.Add(how == "deep" ? StartAndWaitAsync(client, "deep", "poison", 0, stop) : StartAndWaitAsync(client, "poison", "poison", how, stop));
        await Task.WhenAll(all);
    }

    private static async Task StartAndWaitAsync(EmbeddedClient client, string name, string id, object input, CancellationToken stop)
    {
        await client.ScheduleNewOrchestrationInstanceAsync(name, input, new StartOrchestrationOptions(id), stop);
        await client.WaitForInstanceRestAsync(id, stop);
    }

    private static string FailFast()
    {
        Environment.FailFast("poison");
        return string.Empty;
    }

    private static string ExhaustMemory()
    {
        List<byte[]> all = [];
        while (true)
        {
            all.Add(new byte[64 << 20]);
            Array.Fill(all[^1], (byte)1);
        }
    }

    private static int Bottomless(int n) => n < 0 ? 0 : Bottomless(n + 1 < 0 ? 0 : n + 1) + 1;

    private static string Line(ActivityContext context) =>
        string.Create(CultureInfo.InvariantCulture, $"{context.InstanceId} {context.Step} {context.IdempotencyKey}");

    /// <summary>What happened in the world: appended to, never rewritten, and true whatever becomes of the process.</summary>
    private sealed class Ledger(string path)
    {
        private readonly Lock gate = new();
        private readonly HashSet<string> before = File.Exists(path) ? [.. File.ReadLines(path)] : [];

        /// <summary>Whether an earlier process has written this.</summary>
        public bool Has(string line) => before.Contains(line);

        public void Add(string line)
        {
            lock (gate)
            {
                using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
                file.Write(Encoding.UTF8.GetBytes(line + "\n"));
            }
        }
    }
}

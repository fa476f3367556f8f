using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Holdfast.Agents.Testing;

namespace Holdfast.Benchmarks;

/// <summary>
/// Approvals in two stages, over HTTP: what people open while 10,000 of them wait, and how soon a tool starts once the last of them has decided. Times
/// are those of one client, from sending until the whole answer is there.
/// </summary>
internal static class ApprovalsBench
{
    private const int Waiting = 10_000;
    private const int Samples = 1000;
    private const int Decisions = 300;

    public static async Task RunAsync()
    {
        await RunAsync("SQLite", null, data => Task.FromResult(new FileInfo(Path.Combine(data, "agents.db")).Length));
        await using var server = await PostgresServer.StartAsync(durable: true);
        await RunAsync("PostgreSQL", server.ConnectionString, _ => DiskBench.SizeAsync(server.ConnectionString));
    }

    private static async Task RunAsync(string name, string? store, Func<string, Task<long>> size)
    {
        var data = BenchHost.NewDirectory();
        await using var desk = await ApprovalDesk.StartAsync(data, store);
        await DecideAsync(desk, 50); // warm
        Figures.Print($"{name}: decision sent to tool start, nothing else waits", await DecideAsync(desk, Decisions));

        var (before, after) = (default((long Store, long Engine)), default((long Store, long Engine)));
        await desk.RestartAsync(async () => before = await SizesAsync());
        var threads = desk.Host.Threads;
        var clock = Stopwatch.StartNew();
        await desk.AskAsync(Waiting);
        Figures.Print($"{name}: asked and told, until {Waiting} wait", $"{Waiting / clock.Elapsed.TotalSeconds:F0} a second");
        await desk.RestartAsync(async () => after = await SizesAsync());
        Figures.Print($"{name}: a waiting approval, each of {Waiting}", string.Create(
            CultureInfo.InvariantCulture, $"{(after.Store - before.Store) / Waiting} bytes in the store, {(after.Engine - before.Engine) / Waiting} in engine.db"));
        Figures.Print($"{name}: threads of the host at rest, none and {Waiting} waiting", $"{threads} and {desk.Host.Threads}");

        await ReadAsync(name, desk);
        await DecideAsync(desk, 50);
        Figures.Print($"{name}: decision sent to tool start while {Waiting} wait", await DecideAsync(desk, Decisions));
        await WeighAsync(name, desk);
        await desk.Host.StopAsync();
        Directory.Delete(data, recursive: true);

        async Task<(long Store, long Engine)> SizesAsync() => (await size(data), new FileInfo(Path.Combine(data, "engine.db")).Length);
    }

    /// <summary>Has claims approved, one after the other. The manager's yes is not measured: no tool starts after it.</summary>
    /// <returns>From the sending of the last yes until the tool began, of each, in milliseconds.</returns>
    private static async Task<IReadOnlyList<double>> DecideAsync(ApprovalDesk desk, int count)
    {
        var told = desk.Host.Links.Count;
        List<(string Run, string Approval)> asked = [];
        foreach (var run in await desk.AskAsync(count))
        {
            asked.Add((run, await desk.ApprovalOfAsync(run)));
            await ApprovalDesk.ApproveAsync(desk.Manager, asked[^1].Approval);
        }

        await desk.UntilToldAsync(told + (3 * count)); // the manager, then both of finance
        List<double> times = [];
        foreach (var (run, approval) in asked)
        {
            var sent = Stopwatch.GetTimestamp();
            await ApprovalDesk.ApproveAsync(desk.Finance, approval);
            await desk.Host.Client.GetStringAsync($"/api/runs/{run}/events"); // which ends with the run
            times.Add(Stopwatch.GetElapsedTime(sent, await BeganAsync(desk, run)).TotalMilliseconds);
        }

        return times;
    }

    private static async Task<long> BeganAsync(ApprovalDesk desk, string run) => JsonDocument.Parse(await desk.Host.Client.GetStringAsync($"/api/runs/{run}/transcript")).RootElement.GetProperty("items")
        .EnumerateArray().Where(item => item.TryGetProperty("tool", out var tool) && tool.GetString() == "pay_claim")
        .Select(item => long.Parse(item.GetProperty("result").GetProperty("beganAt").GetString()!, CultureInfo.InvariantCulture)).Single();

    private static async Task ReadAsync(string name, ApprovalDesk desk)
    {
        const string List = "/api/approvals?waitingFor=me&limit=50";
        var random = new Random(7);
        List<string> cursors = [], approvals = [], runs = [];
        for (string? cursor = null; ; cursors.Add(cursor))
        {
            var page = JsonDocument.Parse(await desk.Manager.GetStringAsync(cursor is null ? List : $"{List}&cursor={cursor}")).RootElement;
            approvals.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            runs.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("runId").GetString()!));
            if (!page.TryGetProperty("nextCursor", out var next))
            {
                break;
            }

            cursor = next.GetString()!;
        }

        string[] links = [.. desk.Links.TakeLast(Waiting)];
        await TimeAsync("list of what waits for me, first page", desk.Manager, () => List);
        await TimeAsync("list of what waits for me, a page somewhere", desk.Manager, () => $"{List}&cursor={Any(cursors)}");
        await TimeAsync("list of what waits for me, by amount", desk.Manager, () => $"{List}&order=amount");
        await TimeAsync("inbox, first page", desk.Browser, () => "/approvals");
        await TimeAsync("inbox, a page somewhere", desk.Browser, () => $"/approvals?cursor={Any(cursors)}");
        await TimeAsync("an approval's page, signed in", desk.Browser, () => $"/approvals/{Any(approvals)}");
        await TimeAsync("an approval's page, by its link", desk.Browser, () => Any(links));
        await TimeAsync("history of decisions", desk.Browser, () => "/approvals/history");
        await TimeAsync("a run's page", desk.Browser, () => $"/runs/{Any(runs)}");

        string Any(IReadOnlyList<string> all) => all[random.Next(all.Count)];

        async Task TimeAsync(string what, HttpClient client, Func<string> address)
        {
            List<double> times = [];
            for (var i = -100; i < Samples; i++)
            {
                var path = address();
                var clock = Stopwatch.StartNew();
                using var answer = await client.GetAsync(path);
                await answer.Content.LoadIntoBufferAsync();
                if (i >= 0) // the others warm
                {
                    times.Add(clock.Elapsed.TotalMilliseconds);
                }

                answer.EnsureSuccessStatusCode();
            }

            Figures.Print($"{name}: {what}", times);
        }
    }

    /// <summary>Each page with as much on it as there can be.</summary>
    private static async Task WeighAsync(string name, ApprovalDesk desk)
    {
        var one = (await desk.AskAsync(1, "L"))[0];
        var five = (await desk.AskAsync(1, "L five times"))[0];
        await WeighAsync("inbox of 50, long values", "/approvals?order=amount");
        await WeighAsync("history of 50", "/approvals/history");
        await WeighAsync("approval, an argument of 8,000 characters", $"/approvals/{await desk.ApprovalOfAsync(one)}");
        await WeighAsync("five of these in one turn", $"/approvals/{await desk.ApprovalOfAsync(five)}");
        await WeighAsync("the five by link", desk.Links[^1]);
        await WeighAsync("the run of the five", $"/runs/{five}");
        await WeighAsync("sign-in", "/sign-in");

        async Task WeighAsync(string what, string path) =>
            Figures.Print($"{name}: page, {what}", $"{await SizeAsync(path, "identity")} bytes, {await SizeAsync(path, "gzip, deflate, br, zstd")} as sent");

        async Task<int> SizeAsync(string path, string encodings)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.AcceptEncoding.ParseAdd(encodings);
            using var answer = await desk.Browser.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            return (await answer.Content.ReadAsByteArrayAsync()).Length;
        }
    }
}

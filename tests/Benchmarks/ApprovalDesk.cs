using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Holdfast.Benchmarks;

/// <summary>
/// The host with 200 people, of whom a manager and then one of finance approve each payment; the terminal is how they are told. Each of them asks
/// with an API key of their own, and the manager has a browser, too.
/// </summary>
internal sealed class ApprovalDesk : IAsyncDisposable
{
    private readonly string data;
    private readonly string? store;
    private readonly Dictionary<string, string> keys = [];
    private readonly List<string> links = [];
    private int claims;

    private ApprovalDesk(string data, string? store) => (this.data, this.store) = (data, store);

    public BenchHost Host { get; private set; } = null!;

    public HttpClient Manager { get; private set; } = null!;

    public HttpClient Finance { get; private set; } = null!;

    /// <summary>The manager's, signed in.</summary>
    public HttpClient Browser { get; private set; } = null!;

    /// <summary>Those that were sent by this host and those before it.</summary>
    public IReadOnlyList<string> Links => [.. links, .. Host.Links];

    public static async Task<ApprovalDesk> StartAsync(string data, string? store)
    {
        var desk = new ApprovalDesk(data, store);
        await File.WriteAllTextAsync(desk.People, string.Concat([
            "people:\n",
            Person("mona", "manager"), Person("finn", "finance"), Person("fiona", "finance"), Person("dora", "director"),
            .. Enumerable.Range(1, 196).Select(n => Person($"clerk-{n}", "staff")),
        ]));
        foreach (var name in new[] { "mona", "finn" })
        {
            desk.keys[name] = await BenchHost.CommandAsync(data, store, "keys", "add", "--name", name, "--tenant", "local", "--roles", "approve,read");
        }

        await desk.StartAsync();
        return desk;

        static string Person(string id, string role) => $"  - {{id: {id}, name: {id}, email: {id}@example.test, roles: [{role}], timeZone: Europe/Berlin}}\n";
    }

    /// <summary>Stops it in good order, and starts it again.</summary>
    public async Task RestartAsync(Func<Task> meanwhile)
    {
        links.AddRange(Host.Links);
        await Host.StopAsync();
        await DisposeAsync();
        await meanwhile();
        await StartAsync();
    }

    /// <summary>Starts runs that each ask the manager, and waits until she was told of all.</summary>
    /// <param name="words">What follows each claim's number.</param>
    /// <returns>The runs.</returns>
    public async Task<IReadOnlyList<string>> AskAsync(int count, string words = "")
    {
        var (told, runs) = (Host.Links.Count, new string[count]);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (at, _) =>
        {
            var run = await Host.RunAsync("claims", string.Create(CultureInfo.InvariantCulture, $"Settle C-{Interlocked.Increment(ref claims)}{words}"), wait: 0);
            runs[at] = JsonDocument.Parse(run).RootElement.GetProperty("id").GetString()!;
        });
        await UntilToldAsync(told + count);
        return runs;
    }

    /// <summary>Completes when so many links have been sent since the start.</summary>
    public async Task UntilToldAsync(int count)
    {
        while (Host.Links.Count < count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System); // outside of what is measured
        }

        await Host.UntilNothingRunsAsync();
    }

    public async Task<string> ApprovalOfAsync(string run) =>
        JsonDocument.Parse(await Host.Client.GetStringAsync($"/api/runs/{run}")).RootElement.GetProperty("approvals")[0].GetString()!;

    public static async Task ApproveAsync(HttpClient by, string approval)
    {
        using var answer = await by.PostAsJsonAsync($"/api/approvals/{approval}/decision", new { decision = "approve" });
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        Manager.Dispose();
        Finance.Dispose();
        Browser.Dispose();
        await Host.DisposeAsync();
    }

    private string People => Path.Combine(data, "people.yaml");

    private async Task StartAsync()
    {
        Host = await BenchHost.StartAsync(data, store, "--agents", Here("agents"), "--policies", Here("policies"), "--people", People, "--rate", "100000");
        Manager = Client("mona");
        Finance = Client("finn");
        Browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = Host.Address };
        Browser.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip, deflate, br, zstd"); // as browsers do; what comes is left as it came
        using var signedIn = await Browser.PostAsync("/sign-in", new FormUrlEncodedContent([new("key", keys["mona"])]));
        if (signedIn.StatusCode != HttpStatusCode.SeeOther)
        {
            throw new InvalidOperationException($"{signedIn.StatusCode}: {await signedIn.Content.ReadAsStringAsync()}");
        }
    }

    private HttpClient Client(string name) => new()
    {
        BaseAddress = Host.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", keys[name]) },
    };

    private static string Here(string folder, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, folder);
}

using System.Collections.Concurrent;
using System.Globalization;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Audit;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Agents.Tests.Links;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>
/// How the database goes about every statement that the product makes, on a store of HOLDFAST_PLAN_RUNS runs (default 20,000, in torture
/// 1,000,000), a tenth of which wait for a person.
/// </summary>
public sealed class PlanTests(ITestOutputHelper output)
{
    // By the names that the statements give them too, for SQLite's plans say no others.
    private static readonly string[] Big =
        ["runs", "run_metadata", "turns", "model_attempts", "calls", "approvals", "wakes", "events", "late_results", "votes", "waits", "messages", "message_approvals", "links", "audit", "a", "c", "m", "m0", "r", "t", "w"];

    private static int Count => Environment.GetEnvironmentVariable("HOLDFAST_PLAN_RUNS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture)
        : Environment.GetEnvironmentVariable("HOLDFAST_TORTURE") is null ? 20_000 : 1_000_000;

    [Fact]
    public async Task EveryListAndClaimGoesByItsIndexAndSortsNothing()
    {
        var statements = new ConcurrentDictionary<string, object?>();
        var refund = Given.Refund();
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund"), refund).Asking(Given.Held()));
        await FillAsync(desk);
        await desk.RestartAsync(database: desk.Database.SeenBy((sql, args) => statements.TryAdd(sql, args)));
        await UseEverythingAsync(desk);

        Assert.True(statements.Count > 50, $"Only {statements.Count} statements were seen.");
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        await CheckAsync(store, statements);
    }

    [Fact]
    public async Task LinksAndTheAuditGoByTheirIndexesToo()
    {
        var statements = new ConcurrentDictionary<string, object?>();
        using var desk = await LinkDesk.NewAsync((sql, args) => statements.TryAdd(sql, args));
        var link = await desk.SentAsync();
        await desk.OpenAsync(link);
        await desk.Access.TryCodeAsync(link.Id, desk.Keys.Ids[0], LinkCodes.Of(desk.Keys, link.Id) == "0000" ? "0001" : "0000");
        await desk.Links.ListAsync(link.Tenant, link.Person);
        await desk.Links.RevokeAsync(link.Id, "root");
        await desk.Links.RevokeOfAsync(link.Tenant, link.Person, "root");
        await desk.Links.RevokeKeyAsync(desk.Keys.Ids[0], "root");
        await new AuditLog(desk.Store).VerifyAsync(link.Tenant);

        await CheckAsync(desk.Store, statements.ToArray());
    }

    private async Task CheckAsync(AgentStore store, IEnumerable<KeyValuePair<string, object?>> statements)
    {
        List<string> faults = [];
        var each = statements.SelectMany(one => one.Key.Split(';', StringSplitOptions.TrimEntries).Select(sql => (sql, one.Value))).ToList(); // each plan is a statement too
        foreach (var (sql, args) in each)
        {
            var plan = await PlanAsync(store, sql, args);
            output.WriteLine($"{sql}\n{plan}\n");
            if (FaultOf(sql, plan) is { } fault)
            {
                faults.Add($"{fault}:\n{sql}\n{plan}");
            }
        }

        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
    }

    [Fact]
    public async Task WhatHasNoIndexIsFound()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(Given.Calling("refund")));
        await FillAsync(desk);
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        const string Scan = "SELECT input FROM runs r WHERE input = @input";
        await FindsAsync(Scan, "reads the whole table");
        await FindsAsync("SELECT tenant, id FROM runs ORDER BY tenant, id LIMIT @limit", "reads the whole", "enable_sort = off");
        await FindsAsync("SELECT tenant, id FROM runs ORDER BY tenant, input LIMIT @limit", "");
        if (StoreUnderTest.IsPostgres)
        {
            const string Parallel = "parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL min_parallel_index_scan_size = 0";
            Assert.Contains("Parallel Seq Scan", await FindsAsync(Scan, "reads the whole table", $"enable_seqscan = on; SET LOCAL {Parallel}"), StringComparison.Ordinal);
            Assert.Contains("Parallel Index", await FindsAsync("SELECT COUNT(*) FROM runs", "reads the whole index", $"enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL {Parallel}"), StringComparison.Ordinal);
            Assert.Contains("Bitmap Index Scan", await FindsAsync("SELECT input FROM runs WHERE ended_at IS NULL", "reads the whole index", "enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off"), StringComparison.Ordinal);
        }

        async Task<string> FindsAsync(string sql, string fault, string? settings = null)
        {
            var plan = await PlanAsync(store, sql, new { input = "a", limit = 10 }, settings);
            Assert.True(FaultOf(sql, plan)?.Contains(fault, StringComparison.Ordinal), $"Nothing was found in {plan}");
            return plan;
        }
    }

    /// <summary>Every list with every filter, every page, and a run through all that can become of it.</summary>
    private static async Task UseEverythingAsync(RunHarness desk)
    {
        var reader = new Principal("anna", StoreFilling.Tenant, Roles.All);
        string[] orders = ["order", "place"];
        foreach (var before in new[] { null, "run_100000000000015000" })
        {
            foreach (var status in new[] { null, "waiting", "ended", "paused" })
            {
                foreach (var agent in new[] { null, "agent-3" })
                {
                    for (var names = 0; names <= 2; names++)
                    {
                        var metadata = orders[..names].ToDictionary(name => name, name => name == "order" ? "A-1000" : "shop-0");
                        await desk.Queries.ListAsync(reader, new RunFilter(status, agent, metadata, before, 51));
                    }
                }
            }
        }

        foreach (var before in new[] { null, "apr_100000000000015000" })
        {
            foreach (var run in new[] { null, "run_100000000000010000" })
            {
                foreach (var status in new[] { null, "pending", "approved", "void" })
                {
                    await desk.Queries.ListApprovalsAsync(reader, status, run, before, 51);
                }
            }
        }

        foreach (var order in Enum.GetValues<InboxOrder>())
        {
            foreach (var after in new[] { null, "1 apr_100000000000015000" })
            {
                await desk.Queries.InboxAsync(reader, new InboxFilter(order, null, after, 50));
            }
        }

        await desk.Queries.HistoryAsync(reader, null, 51);
        await desk.Queries.HistoryAsync(reader, (DateTimeOffset.UnixEpoch, "apr_100000000000015000"), 51);
        await desk.Queries.FindAsync(reader, "run_100000000000010000");
        await desk.Queries.EventsAsync(reader, "run_100000000000010000", 0);
        await desk.Queries.TranscriptAsync(reader, "run_100000000000010000");
        await desk.System.SweepNowAsync();
        var approved = await desk.RunAsync();
        await desk.DecideAsync((await desk.PendingAsync(approved)).Single().Id, "approve");
        await desk.SettleAsync();
        var cancelled = (await desk.System.Runs.StartAsync(RunHarness.Anna, new RunSubmission(Deployment.AgentName, "Do it.", Metadata: new Dictionary<string, string> { ["a"] = "b" }), "key")).Id;
        await desk.SettleAsync();
        await desk.System.Runs.SuspendAsync(RunHarness.Anna, cancelled);
        await desk.System.Runs.ResumeAsync(RunHarness.Anna, cancelled);
        await desk.System.Runs.CancelAsync(RunHarness.Anna, cancelled);
        await desk.SettleAsync();
        await desk.System.SweepNowAsync();
        var dead = await desk.RunAsync();
        await desk.Engine.Client.TerminateInstanceAsync(Instances.OfRun(dead, 1));
        desk.Time.Advance(TimeSpan.FromMinutes(10)); // so that all clocks stand still
        await desk.System.SweepNowAsync();
        await desk.System.Runs.RetryAsync(RunHarness.Anna, dead); // which begins its next generation
        await desk.SettleAsync();
        await desk.TamperAsync($"INSERT INTO engines (id, location, epoch, holder, heartbeat) VALUES ('gone', 'nowhere', 1, '', 0); UPDATE runs SET engine = 'gone' WHERE id = '{dead}'");
        await desk.System.Engines.RetireAsync("gone", "root");
        await desk.System.Engines.DegradedAsync();
        await desk.System.SweepNowAsync();
    }

    private static async Task FillAsync(RunHarness desk)
    {
        using var store = await desk.Database.OpenAsync(desk.Data, desk.Time);
        await StoreFilling.FillAsync(store, Count, StoreUnderTest.IsPostgres);
    }

    /// <param name="settings">PostgreSQL's, for this plan.</param>
    private static async Task<string> PlanAsync(AgentStore store, string sql, object? args, string? settings = null) =>
        StoreUnderTest.IsPostgres
            ? string.Join("\n", await store.ReadAsync(async tx =>
            {
                // What fits into a few pages is rightly read whole; asked not to, it shows whether there is an index.
                await tx.ExecuteAsync($"SET LOCAL enable_seqscan = {(Count < 1_000_000 ? "off" : "on")}{(settings is null ? "" : $"; SET LOCAL {settings}")}");
                return await tx.ListAsync<string>($"EXPLAIN {sql}", args);
            }))
            : string.Join("\n", (await store.ReadAsync(tx => tx.ListAsync<Step>($"EXPLAIN QUERY PLAN {sql}", args))).Select(step => step.Detail));

    /// <summary>What is wrong with a plan. To sort what belongs to one run, or to a page of runs, is right: that is small at any size of the store.</summary>
    private static string? FaultOf(string sql, string plan)
    {
        var lines = plan.Split('\n').Select(line => line.Trim().TrimStart('-', '>', ' ')).Select(line => line.StartsWith("Parallel ", StringComparison.Ordinal) ? line["Parallel ".Length..] : line).ToList();
        var isList = sql.Contains("LIMIT @", StringComparison.Ordinal) && !sql.Contains("@runId", StringComparison.Ordinal);
        return lines.FirstOrDefault(line => Big.Any(table => StoreUnderTest.IsPostgres
                ? line.StartsWith($"Seq Scan on {table} ", StringComparison.Ordinal)
                : line == $"SCAN {table}" || line.StartsWith($"SCAN {table} ", StringComparison.Ordinal))) is { } scan ? $"reads the whole table ({scan})"
            : lines.Where((line, at) => (line.StartsWith("Bitmap Index Scan", StringComparison.Ordinal) // which names no table
                    || (line.StartsWith("Index", StringComparison.Ordinal) && line.Contains(" Scan", StringComparison.Ordinal) && Big.Any(table => line.Contains($" on {table} ", StringComparison.Ordinal))))
                && !(lines.ElementAtOrDefault(at + 1) ?? "").StartsWith("Index Cond", StringComparison.Ordinal)).FirstOrDefault() is { } whole
                ? $"reads the whole index ({whole})"
            : sql.Contains("@runId", StringComparison.Ordinal) && lines.Where((line, at) => StoreUnderTest.IsPostgres
                ? line.Contains(" on approvals a ", StringComparison.Ordinal) && !(lines.ElementAtOrDefault(at + 1) ?? "").StartsWith("Index Cond: (run = ", StringComparison.Ordinal)
                : line.StartsWith("SEARCH a ", StringComparison.Ordinal) && !line.EndsWith("(run=?)", StringComparison.Ordinal)).FirstOrDefault() is { } other
                ? $"reads more than the run ({other})"
            : isList && lines.FirstOrDefault(line => line.StartsWith("Sort ", StringComparison.Ordinal) || line.Contains("TEMP B-TREE", StringComparison.Ordinal)) is { } sort ? $"sorts ({sort})"
            : null;
    }

    private sealed class Step
    {
        public string Detail { get; init; } = "";
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Http.Tests;

public sealed class ListTests(ApiServer server) : IClassFixture<ApiServer>
{
    private readonly ApiClient client = server.As("anna", tenant: $"list-{Guid.NewGuid()}");

    [Theory]
    [InlineData(7)]
    [InlineData(40)]
    [InlineData(200)]
    public async Task AWalkByCursorsSeesEachOf120RunsOnceNewestFirst(int limit)
    {
        var started = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => client.StartAsync("refund-desk", "hello")));
        List<string> seen = [];
        string? cursor = null;
        do
        {
            var page = (await client.GetAsync($"/api/runs?limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}")).Body;
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(run => run.GetProperty("id").GetString()!));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            await client.StartAsync("refund-desk", "one that comes while somebody walks");
        }
        while (cursor is not null);

        Assert.Equal(started.OrderDescending(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task TheLastPageHasNoCursorAlsoWhenItIsFull()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.StartAsync("refund-desk", "hello")));

        var page = (await client.GetAsync("/api/runs?limit=4")).Body;

        Assert.Equal(4, page.GetProperty("items").GetArrayLength());
        Assert.False(page.TryGetProperty("nextCursor", out _));
    }

    [Fact]
    public async Task AFilterByStatusAgentAndMetadataKeepsWhatHasAllOfThem()
    {
        var (waiting, _) = await client.AskAsync("refund-desk");
        var ended = await client.StartAsync("refund-desk", "hello", wait: 60);
        var tagged = await StartAsync("refund-desk", new() { ["ticket"] = "47 11", ["team"] = "a" });
        await client.UntilAsync(tagged, "ended");
        var held = await client.StartAsync("holder");
        await client.UntilAsync(held, "running");

        Assert.Equal([waiting], await IdsAsync("?status=waiting"));
        Assert.Equal([held], await IdsAsync("?agent=holder"));
        Assert.Equal([tagged, ended], await IdsAsync("?status=ended&agent=refund-desk"));
        Assert.Equal([tagged], await IdsAsync("?metadata.ticket=47%2011"));
        Assert.Equal([tagged], await IdsAsync("?metadata.ticket=47%2011&metadata.team=a&status=ended"));
        Assert.Empty(await IdsAsync("?metadata.ticket=47%2011&metadata.team=b"));
        Assert.Empty(await IdsAsync("?metadata.team=a&agent=holder"));
        Assert.Empty(await IdsAsync("?agent=%27%20OR%201%3D1%20--"));
        server.Desk.LetGo(held);
    }

    [Theory]
    [InlineData("limit=0", "limit", "is not a number from 1 to 200")]
    [InlineData("limit=201", "limit", "is not a number from 1 to 200")]
    [InlineData("limit=abc", "limit", "is not a number from 1 to 200")]
    [InlineData("limit=-1", "limit", "is not a number from 1 to 200")]
    [InlineData("limit=", "limit", "without a value")]
    [InlineData("limit=1&limit=2", "limit", "given 2 times")]
    [InlineData("cursor=abc", "cursor", "was not made by this list")]
    [InlineData("cursor=%21%21%21%21", "cursor", "was not made by this list")]
    [InlineData("cursor=AAAA", "cursor", "was not made by this list")]
    [InlineData("cursor=Li4vLi4vZXRj", "cursor", "was not made by this list")]
    [InlineData("status=sleeping", "status", "queued, running, waiting, suspended, paused, ended")]
    [InlineData("status=Ended", "status", "is not known")]
    [InlineData("statsu=ended", "statsu", "Did you mean 'status'?")]
    [InlineData("Status=ended", "Status", "Did you mean 'status'?")]
    [InlineData("metadata=x", "metadata", "metadata.NAME")]
    public async Task AQueryThatIsNotUnderstoodIsRefusedWithTheRemedy(string query, string field, string words)
    {
        var reply = await client.GetAsync($"/api/runs?{query}");

        reply.IsProblem(400, words);
        Assert.Equal([field], reply.Fields);
    }

    [Fact]
    public async Task ACursorOfRunsIsNotTakenForApprovals()
    {
        await Task.WhenAll(client.StartAsync("refund-desk", "hello"), client.StartAsync("refund-desk", "hello"));
        var cursor = (await client.GetAsync("/api/runs?limit=1")).Get("nextCursor");

        (await client.GetAsync($"/api/approvals?cursor={cursor}")).IsProblem(400, "was not made by this list");
    }

    [Fact]
    public async Task MoreMetadataNamesThanARunCanHaveAreRefused() =>
        (await client.GetAsync($"/api/runs?{string.Join('&', Enumerable.Range(0, 21).Select(i => $"metadata.n{i}=v"))}")).IsProblem(400, "21 metadata names are given");

    [Fact]
    public async Task MetadataIsBoundedInNumberAndSize()
    {
        var twenty = new JsonObject(Enumerable.Range(0, 20).Select(i => KeyValuePair.Create($"n{i}", (JsonNode?)new string('v', 500))));
        await StartAsync("refund-desk", twenty);

        var many = await client.PostAsync("/api/runs", Body(new(Enumerable.Range(0, 21).Select(i => KeyValuePair.Create($"n{i}", (JsonNode?)"v")))));
        var large = await client.PostAsync("/api/runs", Body(new() { ["n"] = new string('v', 501) }));
        var unnamed = await client.PostAsync("/api/runs", Body(new() { [""] = "v" }));

        many.IsProblem(400, "metadata has 21 members; at most 20 are taken");
        large.IsProblem(400, "metadata.n is not a text of at most 500 characters");
        unnamed.IsProblem(400, "under a name of 1 to 64");
    }

    [Fact]
    public async Task ApprovalsAreListedByStatusAndRunNewestFirst()
    {
        var (run, first) = await client.AskAsync("refund-desk");
        var (_, second) = await client.AskAsync("four-eyes");
        await client.PostAsync($"/api/approvals/{first}/decision", """{"decision": "reject"}""");

        Assert.Equal([second, first], await ApprovalsAsync(""));
        Assert.Equal([second], await ApprovalsAsync("?status=pending"));
        Assert.Equal([first], await ApprovalsAsync("?status=rejected"));
        Assert.Equal([first], await ApprovalsAsync($"?runId={run}"));
        Assert.Empty(await ApprovalsAsync($"?runId={run}&status=pending"));
        Assert.Equal([second], await ApprovalsAsync("?limit=1"));
        (await client.GetAsync("/api/approvals?runId=../x")).IsProblem(400, "is not an id of this kind");
        (await client.GetAsync("/api/approvals?status=open")).IsProblem(400, "pending, approved, rejected, answered, expired, void, superseded");
        (await client.GetAsync("/api/approvals?agent=holder")).IsProblem(400, "agent goes with waitingFor only");
        (await client.GetAsync("/api/approvals?tool=x")).IsProblem(400, "Unknown query parameter 'tool'");
        (await client.GetAsync("/api/approvals?waitingFor=me&status=pending")).IsProblem(400, "status does not go with waitingFor");
        (await client.GetAsync("/api/approvals?waitingFor=me&cursor=bm9uZQ")).IsProblem(400, "was not made by this list");
    }

    private static string Body(JsonObject metadata) => new JsonObject { ["agent"] = "refund-desk", ["input"] = "hello", ["metadata"] = metadata }.ToJsonString();

    private async Task<string> StartAsync(string agent, JsonObject metadata) =>
        (await client.PostAsync("/api/runs", new JsonObject { ["agent"] = agent, ["input"] = "hello", ["metadata"] = metadata }.ToJsonString())).Get("id");

    private Task<string[]> IdsAsync(string query) => ItemsAsync($"/api/runs{query}");

    private Task<string[]> ApprovalsAsync(string query) => ItemsAsync($"/api/approvals{query}");

    private async Task<string[]> ItemsAsync(string path) =>
        [.. (await client.GetAsync(path)).Body.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];
}

using System.Net;

namespace Holdfast.Agents.Http.Tests;

public sealed class ApprovalTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Approve = """{"decision": "approve", "reason": "fine"}""";

    private readonly ApiClient anna = server.Anna;
    private readonly ApiClient ben = server.As("ben");

    [Fact]
    public async Task AnApprovalShowsExactlyWhatIsToRunAndForWhom()
    {
        var (run, id) = await anna.AskAsync("refund-desk");

        var approval = (await anna.GetAsync($"/api/approvals/{id}")).Body;

        Assert.Equal("""{"amount":400,"orderId":"A-1002"}""", approval.GetProperty("arguments").GetRawText());
        Assert.Equal((run, "issue_refund", "refund-desk", "anna"), (approval.GetProperty("runId").GetString(), approval.GetProperty("tool").GetString(),
            approval.GetProperty("agent").GetString(), approval.GetProperty("requestedBy").GetString()));
        Assert.Equal(["approve", "reject"], approval.GetProperty("decisions").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal(64, approval.GetProperty("digest").GetString()!.Length);
    }

    [Fact]
    public async Task TheSamePersonsSameDecisionAgainIsTheSameRecord()
    {
        var (run, id) = await anna.AskAsync("refund-desk");

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => anna.PostAsync($"/api/approvals/{id}/decision", Approve)));
        await anna.UntilAsync(run, "ended");

        Assert.All(replies, reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
        Assert.Single(replies.Select(reply => reply.Get("decidedAt")).Distinct());
        Assert.Single(server.Desk.Refunds, refund => refund.Run == run);
        Assert.Equal("anna", (await anna.PostAsync($"/api/approvals/{id}/decision", Approve)).Get("decidedBy"));
    }

    [Theory]
    [InlineData("ben", Approve)]
    [InlineData("anna", """{"decision": "reject", "reason": "fine"}""")]
    [InlineData("anna", """{"decision": "approve", "reason": "other"}""")]
    public async Task AnotherDecisionIsAConflictThatSaysWhoDecidedWhat(string person, string decision)
    {
        var (_, id) = await anna.AskAsync("refund-desk");
        await anna.PostAsync($"/api/approvals/{id}/decision", Approve);

        (await server.As(person).PostAsync($"/api/approvals/{id}/decision", decision)).IsProblem(409, "anna decided 'approve' at ", "A decision is not changed.");
    }

    [Fact]
    public async Task OfAnApprovalAndARejectionAtOnceOneWins()
    {
        var (_, id) = await anna.AskAsync("refund-desk");

        var replies = await Task.WhenAll(
            anna.PostAsync($"/api/approvals/{id}/decision", Approve), ben.PostAsync($"/api/approvals/{id}/decision", """{"decision": "reject"}"""));

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], replies.Select(reply => reply.Status).Order());
    }

    [Fact]
    public async Task ARejectedCallIsNotRunAndTheModelHearsWhy()
    {
        var (run, id) = await anna.AskAsync("refund-desk");

        await ben.PostAsync($"/api/approvals/{id}/decision", """{"decision": "reject", "reason": "Too old."}""");
        await anna.UntilAsync(run, "ended");

        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);
        Assert.Contains("A person rejected this call: Too old.", (await anna.GetAsync($"/api/runs/{run}/transcript")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoAskedMayNotDecideWhereTheRuleForbidsIt()
    {
        var (run, id) = await anna.AskAsync("four-eyes");

        (await anna.PostAsync($"/api/approvals/{id}/decision", Approve)).IsProblem(403, "anna asked for this run and may not decide on it", "role:approve");

        Assert.Equal(HttpStatusCode.OK, (await ben.PostAsync($"/api/approvals/{id}/decision", Approve)).Status);
        await anna.UntilAsync(run, "ended");
    }

    [Theory]
    [InlineData("""{"decision": "edit", "arguments": {"amount": 1}}""", "Decide one of: approve, reject", "decision")]
    [InlineData("""{"decision": "edit"}""", "Decide one of: approve, reject", "decision")]
    [InlineData("""{"decision": "answer"}""", "Decide one of: approve, reject", "decision")]
    [InlineData("""{"decision": "happened"}""", "Decide one of: approve, reject", "decision")]
    [InlineData("""{"decision": "Approve"}""", "Decide one of: approve, reject", "decision")]
    [InlineData("""{"decision": ""}""", "decision is empty", "decision")]
    [InlineData("""{"reason": "x"}""", "decision is missing", "decision")]
    [InlineData("""{"decision": "approve", "result": 1}""", "A result goes with 'happened' or 'answer' only", "result")]
    [InlineData("""{"decision": "approve", "arguments": {}}""", "Arguments go with 'edit' only", "arguments")]
    [InlineData("""{"decision": ["approve"]}""", "decision is an array", "decision")]
    [InlineData("""{"decision": "approve", "reason": 5}""", "reason is the number 5", "reason")]
    [InlineData("""{"decision": "approve", "resaon": "x"}""", "Did you mean 'reason'?", "resaon")]
    public async Task WhatIsNoDecisionIsRefusedAndLeavesTheApprovalOpen(string body, string words, string field)
    {
        var (_, id) = await anna.AskAsync("refund-desk");

        var reply = await anna.PostAsync($"/api/approvals/{id}/decision", body);

        reply.IsProblem(400, words);
        Assert.Contains(field, reply.Fields);
        Assert.Equal("pending", (await anna.GetAsync($"/api/approvals/{id}")).Get("status"));
    }

    [Theory]
    [InlineData("""{"decision": "happened", "result": 1e999}""")]
    [InlineData("""{"decision": "happened", "result": {"amount": 0.10000000000000000000001}}""")]
    [InlineData("""{"decision": "happened", "result": "\ud800"}""")]
    public async Task AResultThatSomebodyWouldHaveToGuessAtIsRefused(string body)
    {
        var (_, id) = await anna.AskAsync("writer");

        (await anna.PostAsync($"/api/approvals/{id}/decision", body)).IsProblem(400);
    }

    [Fact]
    public async Task AReasonIsBounded()
    {
        var (_, id) = await anna.AskAsync("refund-desk");

        (await anna.PostAsync($"/api/approvals/{id}/decision", $$"""{"decision": "approve", "reason": "{{new string('x', 2001)}}"}""")).IsProblem(400, "at most 2000 are taken");
    }

    [Fact]
    public async Task AnApprovalThatIsNotThereIsNotFound()
    {
        const string Id = "apr_00000000000000000000000000";

        (await anna.GetAsync($"/api/approvals/{Id}")).IsProblem(404, Id);
        (await anna.PostAsync($"/api/approvals/{Id}/decision", Approve)).IsProblem(404, Id);
    }
}

public sealed class ExpiryTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task ADecisionThatComesTooLateByTheStoresClockIsGone()
    {
        var (run, id) = await server.Anna.AskAsync("refund-desk");
        server.Clock.Advance(TimeSpan.FromDays(3));

        (await server.Anna.PostAsync($"/api/approvals/{id}/decision", """{"decision": "approve"}""")).IsProblem(410, "The time to decide ended at ", "Nothing was run.");
        await server.Anna.UntilAsync(run, "ended");

        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);
    }
}

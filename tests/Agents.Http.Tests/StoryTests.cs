using System.Text.Json;

namespace Holdfast.Agents.Http.Tests;

public sealed class StoryTests(ApiServer server) : IClassFixture<ApiServer>
{
    private readonly ApiClient anna = server.Anna;

    [Fact]
    public async Task ARunWaitsForAPersonAndEndsAfterTheDecision()
    {
        var (run, approval) = await anna.AskAsync("refund-desk", "Please refund order A-1002, it arrived broken.");
        Assert.DoesNotContain(server.Desk.Refunds, refund => refund.Run == run);

        var decided = await anna.PostAsync($"/api/approvals/{approval}/decision", """{"decision": "approve", "reason": "It is broken."}""");
        var ended = await anna.UntilAsync(run, "ended");

        Assert.Equal("approved", decided.Get("status"));
        Assert.Equal("completed", ended.GetProperty("outcome").GetProperty("kind").GetString());
        Assert.Equal("[scripted] Done.", ended.GetProperty("output").GetString());
        Assert.Equal(["issue_refund", "send_reply"], ended.GetProperty("outcome").GetProperty("done").EnumerateArray().Select(call => call.GetProperty("tool").GetString()));
        Assert.Single(server.Desk.Refunds, (run, "A-1002", 400m));
        Assert.False(ended.TryGetProperty("waitingFor", out _));
    }

    [Fact]
    public async Task AWaitingRunSaysOnWhomItWaitsSinceWhenAndWhatHappensNext()
    {
        var (run, approval) = await anna.AskAsync("refund-desk");

        var waiting = (await anna.GetAsync($"/api/runs/{run}")).Body.GetProperty("waitingFor");

        Assert.Equal("person", waiting.GetProperty("kind").GetString());
        Assert.Equal("role:approve", waiting.GetProperty("who").GetString());
        Assert.Equal([approval], waiting.GetProperty("approvals").EnumerateArray().Select(id => id.GetString()!));
        Assert.StartsWith("issue_refund runs when it is approved; the time to decide ends ", waiting.GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromDays(3), waiting.GetProperty("until").GetDateTimeOffset() - waiting.GetProperty("since").GetDateTimeOffset());
        Assert.EndsWith("Z", waiting.GetProperty("since").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APausedRunSaysWhatFailedAndWhatToDo()
    {
        var run = await anna.StartAsync("breaker");
        var paused = await anna.UntilAsync(run, "paused");

        Assert.Equal("tool", paused.GetProperty("fault").GetProperty("code").GetString());
        Assert.Equal("fault", paused.GetProperty("waitingFor").GetProperty("kind").GetString());
        Assert.Contains("The machine is broken.", paused.GetProperty("waitingFor").GetProperty("lastFailure").GetString(), StringComparison.Ordinal);
        Assert.Equal("Mend the fault, then retry the run; or cancel it.", paused.GetProperty("waitingFor").GetProperty("next").GetString());
    }

    [Fact]
    public async Task ACallInDoubtIsAQuestionThatAPersonAnswersWithWhatTheToolWouldHaveReturned()
    {
        var (run, question) = await anna.AskAsync("writer");
        var asked = (await anna.GetAsync($"/api/approvals/{question}")).Body;

        var answered = await anna.PostAsync($"/api/approvals/{question}/decision", """{"decision": "happened", "result": {"receipt": 17}}""");
        await anna.UntilAsync(run, "ended");
        var items = (await anna.GetAsync($"/api/runs/{run}/transcript")).Body.GetProperty("items").EnumerateArray();

        Assert.Equal("inDoubt", asked.GetProperty("kind").GetString());
        Assert.Equal(["happened", "runAgain", "giveUp"], asked.GetProperty("decisions").EnumerateArray().Select(one => one.GetString()));
        Assert.Contains("The post office did not answer.", asked.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal("answered", answered.Get("status"));
        Assert.Contains(items, item => item.GetProperty("role").GetString() == "tool" && item.GetProperty("result").GetProperty("receipt").GetInt32() == 17);
    }

    [Fact]
    public async Task TheTranscriptHasEverythingThatWasSaidAndDoneInOrder()
    {
        var run = await anna.StartAsync("refund-desk", "Please refund order A-1001.", wait: 60);

        var items = (await anna.GetAsync($"/api/runs/{run}/transcript")).Body.GetProperty("items");

        Assert.Equal(["user", "assistant", "tool", "assistant", "tool", "assistant", "tool", "assistant"], items.EnumerateArray().Select(item => item.GetProperty("role").GetString()));
        Assert.Equal("Please refund order A-1001.", items[0].GetProperty("text").GetString());
        Assert.Equal("lookup_order", items[1].GetProperty("calls")[0].GetProperty("tool").GetString());
        Assert.Equal(40, items[2].GetProperty("result").GetProperty("total").GetDecimal());
        Assert.Equal("[scripted] Done.", items[7].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("Ünïcödé 😀 \u202e ' ; DROP TABLE runs; -- <script>alert(1)</script> \u001b[31m\r\n")]
    [InlineData("{\"not\": \"parsed\"}")]
    public async Task AnInputIsKeptToTheLetter(string input)
    {
        var run = await anna.StartAsync("refund-desk", input, wait: 60);

        Assert.Equal(input, (await anna.GetAsync($"/api/runs/{run}")).Get("input"));
    }

    [Fact]
    public async Task AnInputOfTheLongestSizeIsTakenAndOneMoreCharacterIsNot()
    {
        var longest = new string('x', 256 * 1024);

        var run = await anna.StartAsync("refund-desk", longest, wait: 60);
        var refused = await anna.PostAsync("/api/runs", JsonSerializer.Serialize(new { agent = "refund-desk", input = longest + "x" }));

        Assert.Equal(longest.Length, (await anna.GetAsync($"/api/runs/{run}")).Get("input").Length);
        refused.IsProblem(400, "input has 262145 characters; at most 262144 are taken");
    }
}

using System.Net;
using Holdfast.Durable.Testing;

namespace Holdfast.Agents.Http.Tests;

public sealed class AccessTests(ApiServer server) : IClassFixture<ApiServer>
{
    private readonly ApiClient anna = server.Anna;

    [Fact]
    public async Task AnotherTenantsThingsDoNotExist()
    {
        var (run, approval) = await anna.AskAsync("refund-desk");
        var stranger = server.As("anna", tenant: "other");

        foreach (var (method, path) in HoldfastApi.Routes.Where(route => route.Path.Contains("{id}", StringComparison.Ordinal)))
        {
            var id = path.Contains("/approvals/", StringComparison.Ordinal) ? approval : run;
            var content = path.EndsWith("/decision", StringComparison.Ordinal) ? new StringContent("""{"decision": "approve"}""", null, "application/json") : null;

            (await stranger.SendAsync(new HttpMethod(method), path.Replace("{id}", id, StringComparison.Ordinal), content)).IsProblem(404, "There is no ", id);
        }

        Assert.Equal(0, (await stranger.GetAsync("/api/runs")).Body.GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await stranger.GetAsync("/api/approvals")).Body.GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await stranger.GetAsync($"/api/approvals?runId={run}")).Body.GetProperty("items").GetArrayLength());
        Assert.Equal("waiting", (await anna.GetAsync($"/api/runs/{run}")).Get("status"));
    }

    [Fact]
    public async Task WhoIsNotKnownGetsNothingButTheHealthAndTheDescription()
    {
        foreach (var (method, path) in HoldfastApi.Routes)
        {
            var reply = await server.AsNobody().SendAsync(new HttpMethod(method), path.Replace("{id}", "x", StringComparison.Ordinal));

            Assert.Equal(path.StartsWith("/api/", StringComparison.Ordinal) ? 401 : 200, (int)reply.Status);
        }
    }

    [Theory]
    [InlineData("read")]
    [InlineData("submit")]
    [InlineData("approve")]
    [InlineData("delegate")]
    [InlineData("admin")]
    public async Task ARoleOpensItsRoutesAndNoOther(string role)
    {
        var client = server.As("carla", "acme", role);
        foreach (var (method, path) in HoldfastApi.Routes.Where(route => route.Path.StartsWith("/api/", StringComparison.Ordinal)))
        {
            var needed = method == "GET" ? "read" : path.EndsWith("/decision", StringComparison.Ordinal) ? "approve" : "submit";

            var reply = await client.SendAsync(new HttpMethod(method), path.Replace("{id}", "x", StringComparison.Ordinal));

            Assert.Equal(role != needed && role != "admin", reply.Status == HttpStatusCode.Forbidden);
        }

        (await client.GetAsync("/api/runs/x")).IsProblem(role is "read" or "admin" ? 400 : 403);
    }

    [Fact]
    public async Task OnlyADelegateNamesAnotherPersonAsTheOneWhoAsks()
    {
        const string ForBen = """{"agent": "refund-desk", "input": "hello", "requestedBy": "ben"}""";

        (await server.As("carla", "acme", "submit").PostAsync("/api/runs", ForBen)).IsProblem(403, "carla may not name another person as requestedBy", "delegate");

        Assert.Equal("ben", (await server.As("carla", "acme", "submit", "delegate").PostAsync("/api/runs", ForBen)).Get("requestedBy"));
        Assert.Equal("ben", (await server.As("ben", "acme", "submit").PostAsync("/api/runs", ForBen)).Get("requestedBy"));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/run")]
    [InlineData("/api/runs/run_00000000000000000000000000/output")]
    [InlineData("/api/runs/run_00000000000000000000000000/messages")]
    [InlineData("/favicon.ico")]
    [InlineData("/api/runs/../../etc/passwd")]
    public async Task APathThatIsNotThereIsNotFoundAndSaysWhereToLook(string path) => (await anna.GetAsync(path)).IsProblem(404, "/openapi/v1.json");

    [Theory]
    [InlineData("DELETE", "/api/runs", "GET, HEAD, POST")]
    [InlineData("PUT", "/api/runs/run_00000000000000000000000000", "GET, HEAD")]
    [InlineData("GET", "/api/runs/run_00000000000000000000000000/cancel", "POST")]
    [InlineData("OPTIONS", "/api/runs", "GET, HEAD, POST")]
    [InlineData("TRACE", "/health/live", "GET, HEAD")]
    [InlineData("PATCH", "/openapi/v1.json", "GET, HEAD")]
    public async Task AnotherMethodIsAnsweredWithThoseThatAreTaken(string method, string path, string allow)
    {
        var reply = await anna.SendAsync(new HttpMethod(method), path);

        reply.IsProblem(405, method, allow);
        Assert.Equal(allow, string.Join(", ", reply.ContentHeaders.Allow));
    }

    [Fact]
    public async Task HeadIsAnsweredWhereverGetIsWithoutABody()
    {
        var (run, approval) = await anna.AskAsync("refund-desk");
        foreach (var (_, path) in HoldfastApi.Routes.Where(route => route.Method == "GET"))
        {
            var id = path.Contains("/approvals/", StringComparison.Ordinal) ? approval : run;

            var reply = await anna.SendAsync(HttpMethod.Head, path.Replace("{id}", id, StringComparison.Ordinal) + (path.EndsWith("/explain", StringComparison.Ordinal) ? "?agent=refund-desk&tool=send_reply&arguments={\"text\":\"Hi\"}" : ""));

            Assert.Equal((HttpStatusCode.OK, ""), (reply.Status, reply.Text));
        }
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/json;q=0, */*")]
    [InlineData("text/event-stream")]
    [InlineData("!")]
    public async Task WhoCannotReadTheAnswerIsToldBeforeAnythingHappens(string accept)
    {
        var client = server.As("anna", tenant: $"accept-{Guid.NewGuid()}");

        (await client.PostAsync("/api/runs", """{"agent": "refund-desk", "input": "hello"}""", ("Accept", accept))).IsProblem(406, "This path answers with application/json.");

        Assert.Equal(0, (await client.GetAsync("/api/runs")).Body.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("*/*")]
    [InlineData("application/*;q=0.5, text/html")]
    [InlineData("text/html, application/json;q=0.1")]
    [InlineData("*/*;q=0, application/json")]
    public async Task EveryRangeThatHasJsonIsAccepted(string accept) => Assert.Equal(HttpStatusCode.OK, (await anna.GetAsync("/api/runs", ("Accept", accept))).Status);

    [Fact]
    public async Task AnswersAreNeitherStoredNorSniffed()
    {
        var (run, _) = await anna.AskAsync("refund-desk");
        foreach (var path in new[] { "/api/runs", $"/api/runs/{run}", $"/api/runs/{run}/transcript", "/api/approvals", "/health/ready", "/api/runs/x", "/nowhere" })
        {
            var reply = await anna.GetAsync(path);

            Assert.True(reply.Headers.CacheControl!.NoStore, path);
            Assert.Equal(["nosniff"], reply.Headers.GetValues("X-Content-Type-Options"));
            Assert.Equal("utf-8", reply.ContentHeaders.ContentType!.CharSet);
        }
    }

    [Fact]
    public async Task AMarkupInAnAnswerIsStillJsonAndNothingElse()
    {
        var run = await anna.StartAsync("refund-desk", "</script><script>alert(1)</script>", wait: 60);

        var reply = await anna.GetAsync($"/api/runs/{run}");

        Assert.Equal("application/json", reply.ContentHeaders.ContentType!.MediaType);
        Assert.Equal("</script><script>alert(1)</script>", reply.Get("input"));
    }
}

public sealed class ReadinessTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task AHostThatIsNotReadySaysWhyAndTakesNothing()
    {
        server.NotReady = "The host is starting.";

        var ready = await server.AsNobody().GetAsync("/health/ready");
        var refused = await server.Anna.PostAsync("/api/runs", """{"agent": "refund-desk", "input": "hello"}""");
        var live = await server.AsNobody().GetAsync("/health/live");
        server.NotReady = null;

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "The host is starting."), (ready.Status, ready.Get("detail")));
        refused.IsProblem(503, "The host is starting.", "Nothing was accepted");
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.NotNull(ready.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, live.Status);
        Assert.Equal(0, (await server.Anna.GetAsync("/api/runs")).Body.GetProperty("items").GetArrayLength());
    }
}

public sealed class DegradedTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task RunsThatNobodyServesMakeTheHostDegradedButNotUnready()
    {
        await server.Anna.AskAsync("refund-desk");
        Reply ready = null!;
        await Patience.UntilAsync(async () =>
        {
            server.Clock.Advance(TimeSpan.FromMinutes(6)); // and its own sweep has not come round yet
            return (ready = await server.AsNobody().GetAsync("/health/ready")).Get("status") == "degraded";
        });
        Assert.Equal((HttpStatusCode.OK, "Engines that have runs and that nobody serves: 1. The list of engines says which."), (ready.Status, ready.Get("detail")));

        await server.System.SweepNowAsync();
        Assert.Equal("degraded", (await server.AsNobody().GetAsync("/health/ready")).Get("status")); // as it was a moment ago
        server.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("ready", (await server.AsNobody().GetAsync("/health/ready")).Get("status"));
    }
}

using System.Net;

namespace Holdfast.Agents.Http.Tests;

public sealed class WaitTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Hello = """{"agent": "refund-desk", "input": "hello"}""";
    private const string Hold = """{"agent": "holder", "input": "go"}""";

    private readonly ApiClient anna = server.Anna;

    [Fact]
    public async Task ARunThatEndsInTimeIsAnsweredWithItsEnd()
    {
        var reply = await anna.PostAsync("/api/runs", Hello, ("Prefer", "wait=60"));

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("[scripted] Hello!", reply.Get("output"));
        Assert.Equal(["wait=60"], reply.Headers.GetValues("Preference-Applied"));
        Assert.Equal($"/api/runs/{reply.Get("id")}", reply.Headers.Location!.ToString());
    }

    [Fact]
    public async Task WithoutPreferTheRunIsAcceptedAndNothingIsSaidOfAPreference()
    {
        var reply = await anna.PostAsync("/api/runs", Hold);
        server.Desk.LetGo(reply.Get("id"));

        Assert.Equal(HttpStatusCode.Accepted, reply.Status);
        Assert.False(reply.Headers.Contains("Preference-Applied"));
        Assert.Equal($"/api/runs/{reply.Get("id")}", reply.Headers.Location!.ToString());
    }

    [Fact]
    public async Task ARunThatDoesNotEndInTimeIsAnsweredAsItIsThen()
    {
        var key = Guid.NewGuid().ToString();
        var run = (await anna.PostAsync("/api/runs", Hold, ("Idempotency-Key", key))).Get("id");
        await anna.UntilAsync(run, "running"); // until its first turn it is queued

        var reply = await anna.PostAsync("/api/runs", Hold, ("Idempotency-Key", key), ("Prefer", "wait=1"));
        server.Desk.LetGo(run);

        Assert.Equal(HttpStatusCode.Accepted, reply.Status);
        Assert.Equal("running", reply.Get("status"));
        Assert.Equal(["wait=1"], reply.Headers.GetValues("Preference-Applied"));
    }

    [Fact]
    public async Task TheAnswerComesAtTheEndAndNotBeforeIt()
    {
        var key = Guid.NewGuid().ToString();
        var run = (await anna.PostAsync("/api/runs", Hold, ("Idempotency-Key", key))).Get("id");
        await anna.UntilAsync(run, "running");
        await server.InFlight.ReachesAsync(0);
        var waiting = anna.PostAsync("/api/runs", Hold, ("Idempotency-Key", key), ("Prefer", "wait=60"));
        await server.InFlight.ReachesAsync(1);
        Assert.False(waiting.IsCompleted);

        server.Desk.LetGo(run);

        Assert.Equal(HttpStatusCode.OK, (await waiting).Status);
    }

    [Fact]
    public async Task AZeroWaitIsAppliedAndAnsweredAtOnce()
    {
        var reply = await anna.PostAsync("/api/runs", Hold, ("Prefer", "wait=0"));
        server.Desk.LetGo(reply.Get("id"));

        Assert.Equal(HttpStatusCode.Accepted, reply.Status);
        Assert.Equal(["wait=0"], reply.Headers.GetValues("Preference-Applied"));
    }

    [Theory]
    [InlineData("wait=61")]
    [InlineData("wait=-1")]
    [InlineData("wait=abc")]
    [InlineData("wait=")]
    [InlineData("wait=1.5")]
    [InlineData("wait=99999999999999999999")]
    public async Task AWaitThatIsNoNumberFrom0To60IsRefusedAndStartsNothing(string prefer)
    {
        var client = server.As("anna", tenant: $"wait-{Guid.NewGuid()}");

        var reply = await client.PostAsync("/api/runs", Hello, ("Prefer", prefer));

        reply.IsProblem(400, "is not a number of seconds from 0 to 60");
        Assert.Equal(["Prefer"], reply.Fields);
        Assert.Equal(0, (await client.GetAsync("/api/runs")).Body.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("respond-async, wait=60")]
    [InlineData("return=representation; x=1, WAIT=60")]
    [InlineData("wait=\"60\"")]
    public async Task TheWaitIsFoundAmongOtherPreferences(string prefer) =>
        Assert.Equal(HttpStatusCode.OK, (await anna.PostAsync("/api/runs", Hello, ("Prefer", prefer))).Status);

    [Fact]
    public async Task AThousandWaitersHoldNoThread()
    {
        const int Waiters = 1000;
        var key = Guid.NewGuid().ToString();
        var run = (await anna.PostAsync("/api/runs", Hold, ("Idempotency-Key", key))).Get("id");

        var waiters = Enumerable.Range(0, Waiters).Select(_ => anna.PostAsync("/api/runs", Hold, ("Idempotency-Key", key), ("Prefer", "wait=60"))).ToList();
        await server.InFlight.ReachesAsync(Waiters);
        var threads = ThreadPool.ThreadCount;
        server.Desk.LetGo(run);

        Assert.All(await Task.WhenAll(waiters), reply => Assert.Equal((HttpStatusCode.OK, run), (reply.Status, reply.Get("id"))));
        Assert.True(threads < Waiters / 10, $"{threads} threads for {Waiters} waiters.");
    }
}

public sealed class StopTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task AStopAnswersWaitersWithTheRunAsItIsAndTellsStreamsToComeBack()
    {
        var run = await server.Anna.StartAsync("holder");
        await server.Anna.UntilAsync(run, "running");
        using var response = await server.Anna.OpenEventsAsync(run);
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal("id: 1", await stream.ReadLineAsync(TestContext.Current.CancellationToken));
        var waiting = server.Anna.PostAsync("/api/runs", """{"agent": "holder", "input": "go"}""", ("Prefer", "wait=60"));
        await server.InFlight.ReachesAsync(2);

        server.Stop();

        Assert.Equal(HttpStatusCode.Accepted, (await waiting).Status);
        Assert.EndsWith("\n\nretry: 2000\n\n", await stream.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        server.Desk.LetGo(run);
        server.Desk.LetGo((await waiting).Get("id"));
    }
}

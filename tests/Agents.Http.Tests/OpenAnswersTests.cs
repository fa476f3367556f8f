using System.Net;
using Holdfast.Agents.Identity;
using Holdfast.Durable.Testing;

namespace Holdfast.Agents.Http.Tests;

public sealed class OpenAnswersTests(NarrowServer server) : IClassFixture<NarrowServer>
{
    private const string Hold = """{"agent": "holder", "input": "go"}""";

    [Fact]
    public async Task BeyondAsManyStreamsAsAPrincipalMayHaveOpenItIsToldToWaitAndOthersAreNot()
    {
        var many = server.As("many", tenant: "open-streams");
        var run = await many.StartAsync("holder");
        List<HttpResponseMessage> streams = [];
        for (var i = 0; i < server.MostOpen; i++)
        {
            streams.Add(await many.OpenEventsAsync(run));
        }

        var before = (await many.GetAsync("/api/runs")).Body.GetProperty("items").GetArrayLength();
        var stream = await many.GetAsync($"/api/runs/{run}/events");
        var wait = await many.PostAsync("/api/runs", Hold, ("Prefer", "wait=60"));

        stream.IsProblem(429, "many has 3 streams and waits open");
        wait.IsProblem(429, "Nothing was done");
        Assert.NotNull(wait.Headers.RetryAfter);
        Assert.Equal(before, (await many.GetAsync("/api/runs")).Body.GetProperty("items").GetArrayLength());
        (await server.As("other", tenant: "open-streams").OpenEventsAsync(run)).Dispose();
        Assert.Equal(HttpStatusCode.Accepted, (await many.PostAsync("/api/runs", Hold, ("Prefer", "wait=0"))).Status);

        streams[0].Dispose();
        await Patience.UntilAsync(async () => await many.EventsStatusAsync(run) == HttpStatusCode.OK); // once the server has seen that the client has gone
        streams.ForEach(one => one.Dispose());
        server.Desk.LetGo(run);
    }

    [Fact]
    public void WhatIsOverIsCountedNoMoreAndOnlyOnce()
    {
        var open = new OpenAnswers(2);
        var (anna, ben) = (new Principal("anna", "acme", []), new Principal("ben", "acme", []));
        var first = open.Open(anna);
        open.Open(anna);
        open.Open(ben);

        Assert.Throws<ProblemException>(() => open.Open(anna));
        open.Open(anna with { Tenant = "other" });
        first.Dispose();
        first.Dispose();
        open.Open(anna);
        Assert.Throws<ProblemException>(() => open.Open(anna));
    }
}

public sealed class RememberedTests
{
    private readonly VirtualTime time = new();

    [Fact]
    public async Task HoweverManyAskItIsFoundOutOnceInAWhileAndAgainAfterAFailure()
    {
        var asked = 0;
        var remembered = new Remembered<int>(() => Interlocked.Increment(ref asked) == 2 ? throw new TimeoutException() : Task.FromResult(asked), TimeSpan.FromSeconds(2), time);

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(1, await remembered.GetAsync());
        }

        time.Advance(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<TimeoutException>(remembered.GetAsync);
        Assert.Equal(3, await remembered.GetAsync());
    }
}

using System.Net;

namespace Holdfast.Agents.Http.Tests;

public sealed class IdempotencyTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Hello = """{"agent": "refund-desk", "input": "hello", "metadata": {"a": "1", "b": "2"}}""";

    private readonly ApiClient anna = server.Anna;
    private readonly (string, string) key = ("Idempotency-Key", Guid.NewGuid().ToString());

    [Fact]
    public async Task TheSameKeyAndBodyIsTheSameRun()
    {
        var first = await anna.PostAsync("/api/runs", Hello, key);
        var second = await anna.PostAsync("/api/runs", Hello, key, ("Prefer", "wait=60"));

        Assert.Equal(first.Get("id"), second.Get("id"));
        Assert.Equal(HttpStatusCode.OK, second.Status);
    }

    [Fact]
    public async Task TheOrderOfFieldsMakesNoOtherBody()
    {
        var first = await anna.PostAsync("/api/runs", Hello, key);
        var second = await anna.PostAsync("/api/runs", """{ "metadata": {"b": "2", "a": "1"}, "input": "hello", "agent": "refund-desk", "requestedBy": null }""", key);

        Assert.Equal(first.Get("id"), second.Get("id"));
    }

    [Fact]
    public async Task TheSameKeyWithAnotherBodyIsAConflictThatNamesTheRun()
    {
        var first = await anna.PostAsync("/api/runs", Hello, key);
        var second = await anna.PostAsync("/api/runs", """{"agent": "refund-desk", "input": "goodbye"}""", key);

        second.IsProblem(409, key.Item2, first.Get("id"), "with another body", "Use a new key");
    }

    [Fact]
    public async Task FiftyAtOnceAreOneRun()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => anna.PostAsync("/api/runs", Hello, key)));

        Assert.Single(replies.Select(reply => reply.Get("id")).Distinct());
    }

    [Fact]
    public async Task AKeyIsOnePrincipalsOwn()
    {
        var annas = await anna.PostAsync("/api/runs", Hello, key);
        var bens = await server.As("ben").PostAsync("/api/runs", Hello, key);
        var others = await server.As("anna", tenant: "other").PostAsync("/api/runs", Hello, key);

        Assert.Equal(3, new[] { annas, bens, others }.Select(reply => reply.Get("id")).Distinct().Count());
    }

    [Fact]
    public async Task WithoutAKeyEveryRequestIsARun()
    {
        var first = await anna.PostAsync("/api/runs", Hello);
        var second = await anna.PostAsync("/api/runs", Hello);

        Assert.NotEqual(first.Get("id"), second.Get("id"));
    }

    [Fact]
    public async Task ARefusedStartLeavesItsKeyFree()
    {
        (await anna.PostAsync("/api/runs", """{"agent": "nobody", "input": "hello"}""", key)).IsProblem(400);

        Assert.Equal(HttpStatusCode.Accepted, (await anna.PostAsync("/api/runs", Hello, key, ("Prefer", "wait=0"))).Status);
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("")]
    public async Task AKeyThatIsNotVisibleAsciiIsRefused(string bad) =>
        Assert.Equal(["Idempotency-Key"], (await anna.PostAsync("/api/runs", Hello, ("Idempotency-Key", bad))).Fields);

    [Fact]
    public async Task AKeyOfMoreThan200CharactersIsRefused()
    {
        Assert.Equal(HttpStatusCode.Accepted, (await anna.PostAsync("/api/runs", Hello, ("Idempotency-Key", $"{Guid.NewGuid():N}".PadRight(200, 'k')), ("Prefer", "wait=0"))).Status);
        (await anna.PostAsync("/api/runs", Hello, ("Idempotency-Key", new string('k', 201)))).IsProblem(400, "1 to 200 visible ASCII characters");
    }
}

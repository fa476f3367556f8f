using Holdfast.Agents.Identity;
using Holdfast.Durable.Testing;

namespace Holdfast.Agents.Http.Tests;

public sealed class KeyTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Fact]
    public async Task AKeySaysWhoAsksAndWhatTheyMay()
    {
        var client = await server.WithKeyAsync("key-tenant", Roles.Submit, Roles.Read);

        var run = await client.StartAsync("refund-desk", "hello");

        Assert.StartsWith("key-", (await client.GetAsync($"/api/runs/{run}")).Get("requestedBy"), StringComparison.Ordinal);
        (await server.Anna.GetAsync($"/api/runs/{run}")).IsProblem(404);
        (await client.PostAsync("/api/approvals/apr_00000000000000000000000000/decision", """{"decision": "approve"}""")).IsProblem(403, "lacks the role 'approve'");
    }

    [Theory]
    [InlineData("Basic aGFuczpob2xk", "not of the kind Bearer")]
    [InlineData("Bearer", "not of the kind Bearer")]
    [InlineData("Bearer sk-4711", "is not written as a key is")]
    [InlineData("Bearer hf_00000000_0000000000000000000000000000000000000000000000000000000000", "its checksum does not fit")]
    public async Task WhatIsNoKeySaysSo(string authorization, string words)
    {
        var reply = await server.Sending(authorization).GetAsync("/api/runs");

        reply.IsProblem(401, words);
        Assert.Equal("Bearer error=\"invalid_token\"", reply.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task TwoKeysAtOnceAreNone()
    {
        var key = (await server.Keys.AddAsync(new NewApiKey("twice", "acme", [Roles.Read], null))).Text;

        (await server.Sending($"Bearer {key}").GetAsync("/api/runs", ("Authorization", $"Bearer {key}"))).IsProblem(401);
        Assert.Equal(200, (int)(await server.Sending($"bearer {key}").GetAsync("/api/runs")).Status);
    }

    [Fact]
    public async Task AKeyIsReadFromItsHeaderAndNowhereElse()
    {
        var key = (await server.Keys.AddAsync(new NewApiKey("header", "acme", [Roles.Read], null))).Text;

        (await server.AsNobody().GetAsync($"/api/runs?access_token={key}")).IsProblem(401, "no key was sent");
        (await server.AsNobody().GetAsync("/api/runs", ("X-Api-Key", key), ("Cookie", $"key={key}"))).IsProblem(401, "no key was sent");
    }

    [Fact]
    public async Task UnknownAndRevokedKeysAreAnsweredAlikeAndAnExpiredOneIsTold()
    {
        var revoked = await server.Keys.AddAsync(new NewApiKey("revoked", "acme", [Roles.Read], null));
        var expired = await server.Keys.AddAsync(new NewApiKey("expired", "acme", [Roles.Read], TimeSpan.FromTicks(1)));
        await server.Keys.RevokeAsync(revoked.Key.Prefix);

        var unknown = await server.Sending($"Bearer {ApiKeyText.New().Reveal()}").GetAsync("/api/runs");

        unknown.IsProblem(401, "not known here, or is revoked");
        Assert.Equal(unknown.Text, (await server.Sending($"Bearer {revoked.Text}").GetAsync("/api/runs")).Text);
        (await server.Sending($"Bearer {expired.Text}").GetAsync("/api/runs")).IsProblem(401, $"The key {expired.Key.Prefix} has expired at ");
    }

    [Fact]
    public async Task AStreamEndsWhenItsKeyIsRevoked()
    {
        var issued = await server.Keys.AddAsync(new NewApiKey("streaming", "stream-tenant", [Roles.Submit, Roles.Read], null));
        var client = server.Sending($"Bearer {issued.Text}");
        var (run, _) = await client.AskAsync("refund-desk");
        using var stream = await client.OpenEventsAsync(run);
        var rest = stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        await server.Keys.RevokeAsync(issued.Key.Prefix);
        Assert.False(rest.IsCompleted);
        server.Clock.Advance(ApiKeys.RevokedWithin);

        Assert.DoesNotContain("retry:", await rest.Patiently(), StringComparison.Ordinal);
        (await client.GetAsync($"/api/runs/{run}/events")).IsProblem(401);
    }

    [Fact]
    public async Task AWaitWhoseKeyIsRevokedIsNotAnsweredWithTheRunWhichGoesOn()
    {
        const string Body = """{"agent": "holder", "input": "go"}""";
        var issued = await server.Keys.AddAsync(new NewApiKey("waiting", "acme", [Roles.Submit], null));
        var client = server.Sending($"Bearer {issued.Text}");
        var run = (await client.PostAsync("/api/runs", Body, ("Idempotency-Key", "w1"))).Get("id");
        await server.InFlight.ReachesAsync(0);
        var waiting = client.PostAsync("/api/runs", Body, ("Idempotency-Key", "w1"), ("Prefer", "wait=60"));
        await server.InFlight.ReachesAsync(1);

        await server.Keys.RevokeAsync(issued.Key.Prefix);
        Assert.False(waiting.IsCompleted);
        server.Clock.Advance(ApiKeys.RevokedWithin);
        server.Desk.LetGo(run);

        (await waiting).IsProblem(401, "the run is not shown. It was accepted, and goes on");
        Assert.Equal("[scripted] Let go.", (await server.Anna.UntilAsync(run, "ended")).GetProperty("output").GetString());
    }

    [Fact]
    public async Task ARotatedKeyIsTheSamePrincipalSoThatItsIdempotencyKeysHold()
    {
        const string Body = """{"agent": "refund-desk", "input": "hello"}""";
        var old = await server.Keys.AddAsync(new NewApiKey("rotating", "acme", [Roles.Submit], null));
        var first = await server.Sending($"Bearer {old.Text}").PostAsync("/api/runs", Body, ("Idempotency-Key", "k1"));
        var heir = await server.Keys.RotateAsync(old.Key.Prefix, TimeSpan.Zero);

        var again = await server.Sending($"Bearer {heir.Text}").PostAsync("/api/runs", Body, ("Idempotency-Key", "k1"));

        Assert.Equal(first.Get("id"), again.Get("id"));
    }
}

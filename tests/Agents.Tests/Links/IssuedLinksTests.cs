using Holdfast.Agents.Audit;
using Holdfast.Agents.Links;
using Holdfast.Agents.Tests.Runs;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class IssuedLinksTests : IAsyncLifetime
{
    private LinkDesk desk = null!;

    public async ValueTask InitializeAsync() => desk = await LinkDesk.NewAsync();

    public ValueTask DisposeAsync()
    {
        desk.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task ALinkIsRevokedAloneAtOnceAndByWhom()
    {
        var (link, other) = (await desk.SentAsync(), await desk.LinkAsync("apr_1"));

        var revoked = await desk.Links.RevokeAsync(link.Id, "root");

        Assert.Equal((desk.Time.GetUtcNow(), "root"), (revoked.RevokedAt, revoked.RevokedBy));
        Assert.IsType<LinkOpening.Revoked>(await desk.OpenAsync(link));
        Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(other));
    }

    [Fact]
    public async Task ASecondRevocationLeavesTheFirstAsItIs()
    {
        var link = await desk.SentAsync();
        var first = await desk.Links.RevokeAsync(link.Id, "root");
        desk.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(first, await desk.Links.RevokeAsync(link.Id, "another"));
        Assert.Equal(0, await desk.Links.RevokeOfAsync("acme", "bea", "another"));
    }

    [Fact]
    public async Task ThoseOfOnePersonAreRevokedInOneTenant()
    {
        var (one, two, carls) = (await desk.SentAsync(), await desk.LinkAsync(await desk.ApprovalAsync("apr_2")), await desk.LinkAsync("apr_1", "carl"));
        await desk.TamperAsync("INSERT INTO links (id, tenant, approval, person, digest, created_at, expires_at) VALUES ('lnk_other', 'another', 'apr_9', 'bea', 'd', 0, 0)");

        Assert.Equal(2, await desk.Links.RevokeOfAsync("acme", "bea", "root"));

        Assert.IsType<LinkOpening.Revoked>(await desk.OpenAsync(one));
        Assert.IsType<LinkOpening.Revoked>(await desk.OpenAsync(two));
        Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(carls));
        Assert.Null(Assert.Single((await desk.Links.ListAsync("another", "bea")).Links).RevokedAt);
        Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(await desk.LinkAsync("apr_1"))); // a later one
    }

    [Fact]
    public async Task APersonsLinksAreListedNewestFirst()
    {
        var first = await desk.SentAsync();
        desk.Time.Advance(TimeSpan.FromSeconds(1));
        var second = await desk.LinkAsync("apr_1");

        Assert.Equal([second, first], (await desk.Links.ListAsync("acme", "bea")).Links);
        Assert.Empty((await desk.Links.ListAsync("another", "bea")).Links);
    }

    [Fact]
    public async Task WhatIsNotThereIsNotRevoked()
    {
        Assert.Equal(Refusal.NotFound, await Given.RefusedAsync(() => desk.Links.RevokeAsync("lnk_1", "root")));
        Assert.Equal(Refusal.NotFound, await Given.RefusedAsync(() => desk.Links.RevokeOfAsync("acme", "nobody", "root")));
        Assert.Equal(Refusal.Invalid, await Given.RefusedAsync(() => desk.Links.RevokeKeyAsync("No key.", "root")));
    }

    [Fact]
    public async Task EachRevocationIsAudited()
    {
        var link = await desk.SentAsync();
        await desk.Links.RevokeAsync(link.Id, "root");
        await desk.Links.RevokeAsync(link.Id, "root");
        await desk.Links.RevokeOfAsync("acme", "bea", "root");
        await desk.Links.RevokeKeyAsync(desk.Keys.Ids[0], "root");
        await desk.Links.RevokeKeyAsync(desk.Keys.Ids[0], "root");

        Assert.Equal(
        [
            $$"""{"kind":"link.revoked","result":"accepted","subject":"{{link.Id}}","way":"command","who":"root"}""",
            $$"""{"kind":"link.revoked","result":"same","subject":"{{link.Id}}","way":"command","who":"root"}""",
            """{"kind":"link.revokedOfPerson","result":"same","subject":"bea","way":"command","who":"root"}""",
        ], await EntriesAsync("acme"));
        Assert.Equal(
        [
            $$"""{"kind":"link.keyRevoked","result":"accepted","subject":"{{desk.Keys.Ids[0]}}","way":"command","who":"root"}""",
            $$"""{"kind":"link.keyRevoked","result":"same","subject":"{{desk.Keys.Ids[0]}}","way":"command","who":"root"}""",
        ], await EntriesAsync(AuditLog.OfHosts));

        Task<IReadOnlyList<string>> EntriesAsync(string tenant) =>
            desk.Store.ReadAsync(tx => tx.ListAsync<string>("SELECT entry FROM audit WHERE tenant = @tenant ORDER BY seq", new { tenant }));
    }
}

using Holdfast.Agents.Links;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class LinkAccessTests : IAsyncLifetime
{
    private LinkDesk desk = null!;

    public async ValueTask InitializeAsync() => desk = await LinkDesk.NewAsync();

    public ValueTask DisposeAsync()
    {
        desk.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task ALinkLeadsItsPersonToItsApprovalAnyNumberOfTimes()
    {
        var link = await desk.SentAsync();

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(new LinkOpening.Fine(link, desk.Keys.Ids[0]), await desk.OpenAsync(link));
        }

        Assert.Equal(("acme", "apr_1", "bea", LinkDesk.Digest, 5), (link.Tenant, link.Approval, link.Person, link.Digest, link.TriesLeft));
    }

    [Fact]
    public async Task EachMessageHasALinkOfItsOwnAndNoTokenIsKept()
    {
        var link = await desk.SentAsync();
        var other = await desk.LinkAsync(link.Approval);

        Assert.NotEqual(link.Id, other.Id);
        var row = await desk.Store.ReadAsync(tx => tx.FirstAsync<string>(
            "SELECT id || tenant || approval || person || digest || created_at || expires_at || tries FROM links WHERE id = @Id", new { link.Id }));
        Assert.DoesNotContain(desk.TokenOf(link).Split('.')[1], row, StringComparison.Ordinal);
        Assert.DoesNotContain(LinkCodes.Of(desk.Keys, link.Id), row!.Replace(link.Id, "", StringComparison.Ordinal).Replace($"{link.CreatedAt.UtcTicks}", "", StringComparison.Ordinal)
            .Replace($"{link.ExpiresAt.UtcTicks}", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALinkIsGoodForAsLongAsItsApprovalAndNoTickLonger()
    {
        var link = await desk.SentAsync();

        desk.Time.Advance(TimeSpan.FromDays(3) - TimeSpan.FromTicks(1));
        Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(link));
        desk.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(new LinkOpening.Expired(link), await desk.OpenAsync(link));
    }

    [Fact]
    public async Task WhereOthersMayDecideAfterItsTimeALinkShowsAndDecidesNoMore()
    {
        var link = await desk.SentAsync();
        desk.Time.Advance(TimeSpan.FromDays(3));
        await desk.TamperAsync("UPDATE approvals SET expires_at = @later WHERE id = @Approval", new { link.Approval, later = desk.Time.GetUtcNow().AddDays(3).UtcTicks });
        Assert.Equal(new LinkOpening.Fine(link, ""), await desk.OpenAsync(link));
    }

    [Fact]
    public async Task WhereAnApprovalHasNoEndItsLinkIsGoodForThirtyDays()
    {
        var link = await desk.SentAsync(withoutEnd: true);

        desk.Time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromTicks(1));
        Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(link));
        desk.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(new LinkOpening.Fine(link, ""), await desk.OpenAsync(link)); // it shows what can be decided by who signs in
    }

    [Theory]
    [InlineData("state = 'superseded', superseded_by = 'apr_2'", "apr_2")]
    [InlineData("digest = 'of other arguments'", null)]
    public async Task ALinkToWhatIsAskedOtherwiseNowNamesWhatIsInForce(string change, string? next)
    {
        var link = await desk.SentAsync();
        await desk.TamperAsync($"UPDATE approvals SET {change}");

        Assert.Equal(new LinkOpening.Superseded(link, desk.Keys.Ids[0], next), await desk.OpenAsync(link));
    }

    [Theory]
    [InlineData("state = 'void', note = 'The run was cancelled.'", "Void")]
    [InlineData("state = 'expired'", "Expired")]
    [InlineData("state = 'approved', decided_by = 'carl'", "Fine")]
    [InlineData("state = 'rejected'", "Fine")]
    public async Task ALinkFollowsItsApproval(string change, string opening)
    {
        var link = await desk.SentAsync();
        await desk.TamperAsync($"UPDATE approvals SET {change}");

        Assert.Equal(opening, (await desk.OpenAsync(link)).GetType().Name);
    }

    [Fact]
    public async Task ALinkForAnotherTenantLeadsNowhere()
    {
        var link = await desk.SentAsync();

        Assert.IsType<LinkOpening.NotFound>(await desk.Access.OpenAsync(LinkToken.Write(desk.Keys, link.Claims with { Tenant = "another" })));
        Assert.IsType<LinkOpening.NotFound>(await desk.OpenAsync(link, tenant: "another"));
        Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(link, tenant: "acme"));
        await desk.TamperAsync("UPDATE approvals SET tenant = 'another'");
        Assert.IsType<LinkOpening.NotFound>(await desk.OpenAsync(link));
    }

    // Who has stolen a key but cannot write the store makes no link.
    [Fact]
    public async Task ALinkThatWasSignedAndNeverMadeIsBad()
    {
        var link = await desk.SentAsync();
        LinkClaims[] forged = [link.Claims with { Link = "lnk_2" }, link.Claims with { Person = "eve" }, link.Claims with { Approval = "apr_2" }, link.Claims with { Digest = "another" }];

        Assert.All(await Task.WhenAll(forged.Select(claims => desk.Access.OpenAsync(LinkToken.Write(desk.Keys, claims)))),
            opening => Assert.Equal(new LinkOpening.Bad(LinkFault.NotOurs), opening));
        Assert.Equal(new LinkOpening.Bad(LinkFault.Malformed), await desk.Access.OpenAsync("nonsense"));
    }

    [Fact]
    public async Task ALinkOfBeforeARotationIsGoodUntilItExpiresOrItsKeyIsRevoked()
    {
        var link = await desk.SentAsync();
        var (token, old) = (desk.TokenOf(link), desk.Keys.Ids[0]);
        desk.Keys = LinkTexts.Keys(LinkTexts.Second, LinkTexts.First);

        Assert.Equal(new LinkOpening.Fine(link, old), await desk.Access.OpenAsync(token));
        Assert.True(await desk.Links.RevokeKeyAsync(old, "root"));
        Assert.Equal(new LinkOpening.Revoked(link), await desk.Access.OpenAsync(token));
        Assert.Equal(new LinkOpening.Fine(link, desk.Keys.Ids[0]), await desk.OpenAsync(link)); // signed anew
        Assert.Null(await desk.Access.RefuseAsync());
    }

    [Fact]
    public async Task WhereTheKeyThatSignsIsRevokedNoLinkMayBeMade()
    {
        await desk.Links.RevokeKeyAsync(desk.Keys.Ids[0], "root");

        Assert.StartsWith($"Link key {desk.Keys.Ids[0]}, which would sign, is revoked.", await desk.Access.RefuseAsync(), StringComparison.Ordinal);
        Assert.True(await desk.Access.IsKeyRevokedAsync(desk.Keys.Ids[0]));
        Assert.False(await desk.Access.IsKeyRevokedAsync("00000000"));
    }

    [Fact]
    public async Task ARevokedLinkIsRevokedAlsoWhenItHasExpired()
    {
        var link = await desk.SentAsync();
        await desk.Links.RevokeAsync(link.Id, "root");
        desk.Time.Advance(TimeSpan.FromDays(4));

        Assert.IsType<LinkOpening.Revoked>(await desk.OpenAsync(link));
    }

    [Fact]
    public async Task AfterFiveWrongCodesALinkShowsAndDecidesNoMoreAlsoWithTheRightOne()
    {
        var link = await desk.SentAsync();
        var right = LinkCodes.Of(desk.Keys, link.Id);
        var wrong = right == "0000" ? "0001" : "0000";

        Assert.Equal(new CodeTry(true, 5), await TryAsync(link, right));
        for (var left = 4; left >= 0; left--)
        {
            Assert.Equal(new CodeTry(false, left), await TryAsync(link, wrong));
        }

        Assert.Equal(new CodeTry(false, 0), await TryAsync(link, right));
        Assert.Equal(new CodeTry(false, 0), await TryAsync(link, wrong));
        Assert.Equal(0, Assert.IsType<LinkOpening.Fine>(await desk.OpenAsync(link)).Link.TriesLeft);
    }

    [Fact]
    public async Task WhatIsNotFourDigitsIsNotCounted()
    {
        var link = await desk.SentAsync();

        Assert.All(await Task.WhenAll(new[] { "", "123", "12345", "abcd", "１２３４" }.Select(code => TryAsync(link, code))), tried => Assert.Equal(new CodeTry(false, 5), tried));
    }

    [Fact]
    public async Task ManyWrongCodesAtOnceAreFiveTries()
    {
        var link = await desk.SentAsync();
        var right = LinkCodes.Of(desk.Keys, link.Id);
        var codes = Enumerable.Range(0, 100).Select(code => $"{code:D4}").Where(code => code != right);

        var tries = await Task.WhenAll(codes.Select(code => TryAsync(link, code)));

        Assert.Equal([4, 3, 2, 1], tries.Select(tried => tried.Left).Where(left => left > 0).OrderDescending());
        Assert.Equal(5, await desk.Store.ReadAsync(tx => tx.FirstAsync<long>("SELECT tries FROM links")));
    }

    [Fact]
    public async Task ARevokedLinkTakesNoCode()
    {
        var link = await desk.SentAsync();
        await desk.Links.RevokeAsync(link.Id, "root");

        Assert.Equal(new CodeTry(false, 0), await TryAsync(link, LinkCodes.Of(desk.Keys, link.Id)));
    }

    private Task<CodeTry> TryAsync(Link link, string code) => desk.Access.TryCodeAsync(link.Id, desk.Keys.Ids[0], code);
}

using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class PageNonceTests
{
    private static readonly LinkKeys Keys = LinkTexts.Keys(LinkTexts.First);
    private static readonly PageReader Reader = PageReader.Of("lnk_1");
    private static readonly DateTimeOffset Now = LinkTexts.Now;

    [Fact]
    public void TheFormSaysWhatWasSeen() => Assert.Equal(new SeenPage("shown", Keys.Ids[0]), Verify(Write(), Reader));

    [Fact]
    public void AFormIsItsReadersAboutItsApprovalAndNoOther()
    {
        var nonce = Write();

        Assert.Null(Verify(nonce, PageReader.Of("lnk_2")));
        Assert.Null(Verify(nonce, PageReader.Of(new Principal("lnk_1", "acme", []))));
        Assert.Null(PageNonce.Verify(Keys, nonce, Reader, "apr_2", "digest", Now));
        Assert.Null(PageNonce.Verify(Keys, nonce, Reader, "apr_1", "another", Now));
        Assert.Null(PageNonce.Verify(LinkTexts.Keys(LinkTexts.Second), nonce, Reader, "apr_1", "digest", Now));
    }

    [Fact]
    public void NoTwoPrincipalsAreOneReader()
    {
        Principal[] principals = [new("a b", "c", []), new("b", "c a", []), new("b", "c", []), new("c b", "a", [])];

        Assert.Equal(4, principals.Select(PageReader.Of).Distinct().Count());
        Assert.Equal(PageReader.Of(principals[0]), PageReader.Of(principals[0] with { Roles = [Roles.Admin] }));
    }

    [Fact]
    public void AFormIsGoodForTwelveHoursAndNotBeforeItWasShown()
    {
        var nonce = Write();

        Assert.NotNull(Verify(nonce, Reader, Now.AddHours(12).AddSeconds(-1)));
        Assert.Null(Verify(nonce, Reader, Now.AddHours(12)));
        Assert.NotNull(Verify(nonce, Reader, Now.AddSeconds(-60))); // a host whose clock is behind
        Assert.Null(Verify(nonce, Reader, Now.AddSeconds(-61)));
    }

    [Fact]
    public void NoFlippedBitAndNoCutIsTaken()
    {
        var nonce = Write();

        Assert.All(LinkTexts.Slips(nonce).Where(slip => slip != nonce), slip => Assert.Null(Verify(slip, Reader)));
    }

    private static string Write() => PageNonce.Write(Keys, Reader, "apr_1", "digest", "shown", Now);

    private static SeenPage? Verify(string nonce, PageReader reader, DateTimeOffset? now = null) => PageNonce.Verify(Keys, nonce, reader, "apr_1", "digest", now ?? Now);
}

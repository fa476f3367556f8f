using Holdfast.Agents.Links;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class LinkCodesTests
{
    private static readonly LinkKeys Keys = LinkTexts.Keys(LinkTexts.First);

    [Fact]
    public void ALinkHasItsOwnFourDigitsUnderEachKey()
    {
        var code = LinkCodes.Of(Keys, "lnk_1");

        Assert.Matches("^[0-9]{4}$", code);
        Assert.Equal(code, LinkCodes.Of(Keys, "lnk_1"));
        Assert.True(LinkCodes.IsRight(Keys, Keys.Ids[0], "lnk_1", code));
        Assert.Contains(Enumerable.Range(2, 3), at => LinkCodes.Of(Keys, $"lnk_{at}") != code);
        Assert.Contains(Enumerable.Range(1, 3), at => LinkCodes.Of(LinkTexts.Keys(LinkTexts.Second), $"lnk_{at}") != LinkCodes.Of(Keys, $"lnk_{at}"));
    }

    [Fact]
    public void OfAllCodesOneIsRight()
    {
        var right = Enumerable.Range(0, 10_000).Where(code => LinkCodes.IsRight(Keys, Keys.Ids[0], "lnk_1", $"{code:D4}"));

        Assert.Equal(LinkCodes.Of(Keys, "lnk_1"), $"{Assert.Single(right):D4}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{0} ")]
    [InlineData("0{0}")]
    [InlineData("+{0}")]
    public void WhatIsNotTheFourDigitsIsWrong(string written) =>
        Assert.False(LinkCodes.IsRight(Keys, Keys.Ids[0], "lnk_1", written.Replace("{0}", LinkCodes.Of(Keys, "lnk_1"), StringComparison.Ordinal)));

    [Fact]
    public void TheDigitsOfALinkOfBeforeAreThoseOfItsKey()
    {
        var (old, rotated) = (LinkTexts.Keys(LinkTexts.First), LinkTexts.Keys(LinkTexts.Second, LinkTexts.First));
        var link = Enumerable.Range(0, 100).Select(at => $"lnk_{at}").First(link => LinkCodes.Of(old, link) != LinkCodes.Of(rotated, link));

        Assert.True(LinkCodes.IsRight(rotated, old.Ids[0], link, LinkCodes.Of(old, link)));
        Assert.False(LinkCodes.IsRight(rotated, rotated.Ids[0], link, LinkCodes.Of(old, link)));
        Assert.False(LinkCodes.IsRight(rotated, "00000000", link, LinkCodes.Of(old, link)));
    }

    // Of 200,000 links a code has 20 on average, and 100 groups of codes 2,000 each with a deviation of 45.
    [Fact]
    public void EveryCodeIsAboutAsLikely()
    {
        var codes = Enumerable.Range(0, 200_000).Select(at => int.Parse(LinkCodes.Of(Keys, $"lnk_{at}"), System.Globalization.CultureInfo.InvariantCulture)).ToList();

        Assert.All(codes.GroupBy(code => code / 100), group => Assert.InRange(group.Count(), 1_750, 2_250));
        Assert.All(codes.GroupBy(code => code % 100), group => Assert.InRange(group.Count(), 1_750, 2_250));
        Assert.Equal(10_000, codes.Distinct().Count());
    }
}

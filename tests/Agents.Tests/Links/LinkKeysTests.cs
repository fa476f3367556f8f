using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Secrets;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class LinkKeysTests
{
    [Fact]
    public void TheFirstKeySignsAndAllVerify()
    {
        var (old, rotated, alone) = (LinkTexts.Keys(LinkTexts.First), LinkTexts.Keys(LinkTexts.Second, LinkTexts.First), LinkTexts.Keys(LinkTexts.Second));
        var (before, after) = (LinkToken.Write(old, LinkTexts.Claims), LinkToken.Write(rotated, LinkTexts.Claims));

        Assert.Equal((old.Ids[0], alone.Ids[0]), (LinkToken.Read(rotated, before).Key, LinkToken.Read(rotated, after).Key));
        Assert.Equal(LinkFault.NotOurs, LinkToken.Read(alone, before).Fault);
        Assert.Equal(LinkFault.NotOurs, LinkToken.Read(old, after).Fault);
    }

    [Fact]
    public void AKeysIdIsEightDigitsAndTheSameAtEveryHost()
    {
        Assert.All(LinkTexts.Keys(LinkTexts.First, LinkTexts.Second).Ids, id => Assert.Matches("^[0-9a-f]{8}$", id));
        Assert.Equal(LinkTexts.Keys(LinkTexts.First).Ids, LinkTexts.Keys(LinkTexts.First).Ids);
        Assert.NotEqual(LinkTexts.Keys(LinkTexts.First).Ids, LinkTexts.Keys(LinkTexts.Second).Ids);
    }

    [Fact]
    public void WhatIsSignedForOneUseIsWorthNothingForAnother()
    {
        var keys = LinkTexts.Keys(LinkTexts.First);
        var session = Sessions.Write(keys, new KeyProof("prefix", new string('a', 64)), LinkTexts.Now);
        var link = LinkToken.Write(keys, LinkTexts.Claims);

        Assert.Equal(LinkFault.NotOurs, LinkToken.Read(keys, session).Fault);
        Assert.Null(Sessions.Verify(keys, link, LinkTexts.Now));
        Assert.Equal(4, new[] { LinkUse.Link, LinkUse.Code, LinkUse.View, LinkUse.Session }.Select(use => Convert.ToHexString(keys.Signing.Sign(use, "same"))).Distinct().Count());
    }

    [Theory]
    [InlineData("short", "--link-key (HOLDFAST_LINK_KEY): key 1 has 5 characters. A key has at least 32")]
    [InlineData("0123456789012345678901234567890", "key 1 has 31 characters.")]
    [InlineData("01234567890123456789012345678901,", "key 2 has 0 characters.")]
    [InlineData("01234567890123456789012345678901, 01234567890123456789012345678901", "has one key twice.")]
    [InlineData("secret:nowhere", "There is no secret 'nowhere'.")]
    public void AKeyThatCannotBeUsedIsRefusedWithoutSayingIt(string value, string said)
    {
        var refused = Assert.Throws<SecretException>(() => LinkKeys.Read("--link-key (HOLDFAST_LINK_KEY)", value, new SecretSource(null, _ => null)));

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreKeysThanAreCheckedAreRefused()
    {
        var keys = Enumerable.Range(0, LinkKeys.Most + 1).Select(at => $"{at}{LinkTexts.First}").ToArray();

        Assert.Equal(LinkKeys.Most, LinkTexts.Keys(keys[1..]).Ids.Count);
        Assert.Contains("has 9 keys. Give 1 to 8", Assert.Throws<SecretException>(() => LinkTexts.Keys(keys)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AKeyIsTakenOutOfWhatIsLogged()
    {
        var secrets = new SecretSource(null, _ => null);
        LinkKeys.Read("--link-key", "a-key-of-forty-letters-without-a-comma-in", secrets);

        Assert.Equal("It is secret.", secrets.Redact("It is a-key-of-forty-letters-without-a-comma-in."));
    }
}

using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Links;
using Holdfast.Agents.Secrets;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class LinkTokenTests
{
    private static readonly LinkKeys Keys = LinkTexts.Keys(LinkTexts.First);

    [Fact]
    public void ATokenSaysWhatWasSignedAndIsTheSameEachTime()
    {
        var token = LinkToken.Write(Keys, LinkTexts.Claims);

        Assert.Equal(new LinkReading(LinkTexts.Claims, Keys.Ids[0], LinkFault.None), LinkToken.Read(Keys, token));
        Assert.Equal(token, LinkToken.Write(Keys, LinkTexts.Claims));
        Assert.Matches("^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}$", token);
        Assert.Equal($$"""{"a":"apr_1","d":"{{new string('d', 64)}}","k":"{{Keys.Ids[0]}}","l":"lnk_1","p":"bea","t":"acme","v":1,"x":1767484800}""",
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[0])));
    }

    [Fact]
    public void AnythingThatAPersonOrTenantIsCalledComesBackAsItIs() => Prop.ForAll(Claimed(), claims =>
        LinkToken.Read(Keys, LinkToken.Write(Keys, claims)).Claims == claims).QuickCheckThrowOnFailure();

    [Fact]
    public void NoFlippedBitAndNoCutIsTaken() => Prop.ForAll(Claimed(), claims =>
    {
        var token = LinkToken.Write(Keys, claims);
        return LinkTexts.Slips(token).Where(slip => slip != token).All(slip => LinkToken.Read(Keys, slip) is { Claims: null, Key: null, Fault: not LinkFault.None });
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(10));

    // The last character of 32 bytes in base64 has two bits that decode to nothing, and that of a payload two or four.
    [Fact]
    public void BitsThatDecodeToNothingCannotBeChangedEither()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var token = LinkToken.Write(Keys, LinkTexts.Claims with { Person = "anna" });
        var (payload, code) = (token.Split('.')[0], token.Split('.')[1]);
        Assert.NotEqual(0, payload.Length % 4);

        Assert.All(Enumerable.Range(1, 3), bits => Assert.Null(LinkToken.Read(Keys, $"{payload}.{Other(code, bits)}").Claims));
        Assert.All(Enumerable.Range(1, 3), bits => Assert.Null(LinkToken.Read(Keys, $"{Other(payload, bits)}.{code}").Claims));

        static string Other(string text, int bits) => text[..^1] + Alphabet[Alphabet.IndexOf(text[^1], StringComparison.Ordinal) ^ bits];
    }

    [Fact]
    public void AnotherKeysTokenIsRefused() => Assert.Equal(new LinkReading(null, null, LinkFault.NotOurs), LinkToken.Read(LinkTexts.Keys(LinkTexts.Second), LinkToken.Write(Keys, LinkTexts.Claims)));

    [Theory]
    [InlineData("""{"alg":"none"}""", "")]
    [InlineData("""{"alg":"none","typ":"JWT"}""", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("""{"alg":"HS256","typ":"JWT"}""", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void AWebTokenWithoutASignatureIsRefused(string header, string signature)
    {
        var payload = LinkToken.Write(Keys, LinkTexts.Claims).Split('.')[0];
        var head = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header));

        Assert.All(new[] { $"{head}.{payload}.{signature}", $"{head}.{payload}", $"{payload}.{signature}", $"{head}.{signature}", $"{payload}.", payload, $".{payload}" },
            token => Assert.True(LinkToken.Read(Keys, token) is { Claims: null, Fault: not LinkFault.None }, token));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("a b.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("ä.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("a.ÄAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void WhatIsNotWrittenAsATokenIsNone(string token) => Assert.Equal(LinkFault.Malformed, LinkToken.Read(Keys, token).Fault);

    [Fact]
    public void ATokenThatSomebodyLogsIsTakenOut()
    {
        var (secrets, token) = (new SecretSource(null, _ => null), LinkToken.Write(Keys, LinkTexts.Claims));

        Assert.Equal("GET /a?t=link_… failed, and link_… too", secrets.Redact($"GET /a?t={token} failed, and {token[..60]} too"));
        Assert.Equal("link_…", secrets.Redact(string.Concat(Enumerable.Repeat(token[..13], 100_000)))); // at once
    }

    [Fact]
    public void ATextIsRefusedByItsLengthBeforeAnyWork()
    {
        var payload = new string('A', SignedText.Longest - 44);

        Assert.Equal(LinkFault.NotOurs, LinkToken.Read(Keys, $"{payload}.{new string('A', 43)}").Fault);
        Assert.Equal(LinkFault.Malformed, LinkToken.Read(Keys, $"{payload}A.{new string('A', 43)}").Fault);
        Assert.Throws<ArgumentException>(() => LinkToken.Write(Keys, LinkTexts.Claims with { Person = new string('p', SignedText.Longest) }));
    }

    [Fact]
    public void WhatOurKeyHasSignedAndIsNoTokenIsRefused()
    {
        Assert.All(new[] { "{}", "null", "[]", "1", "{", """{"v":2}""", Payload(version: 2), Payload(key: "00000000"), Payload(expires: long.MaxValue), Payload(expires: -1) }, payload =>
            Assert.Null(LinkToken.Read(Keys, Sign(payload)).Claims));
        Assert.NotNull(LinkToken.Read(Keys, Sign(Payload())).Claims);

        static string Payload(int version = 1, string? key = null, long expires = 1) =>
            JsonSerializer.Serialize(new { v = version, k = key ?? Keys.Ids[0], l = "l", a = "a", d = "d", p = "p", t = "t", x = expires });
        static string Sign(string payload)
        {
            var text = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload));
            return $"{text}.{Base64Url.EncodeToString(Keys.Signing.Sign(LinkUse.Link, text))}";
        }
    }

    private static Arbitrary<LinkClaims> Claimed()
    {
        var text = ArbMap.Default.GeneratorFor<UnicodeString>().Select(text => string.Concat((text.Get ?? "").EnumerateRunes().Where(rune => rune != Rune.ReplacementChar)));
        return (from person in text
                from tenant in text
                from seconds in Gen.Choose(0, int.MaxValue)
                select new LinkClaims("lnk_1", "apr_1", new string('d', 64), person, tenant, DateTimeOffset.FromUnixTimeSeconds(seconds))).ToArbitrary();
    }
}

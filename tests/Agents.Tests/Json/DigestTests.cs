using System.Text;
using Holdfast.Agents.Json;
using Xunit;

namespace Holdfast.Agents.Tests.Json;

public sealed class DigestTests
{
    [Fact] // FIPS 180-4 example: SHA-256 of "abc".
    public void OfTextIsLowerCaseSha256() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Digest.OfText("abc"));

    [Fact]
    public void OfJsonIsTheSameForEverySpellingOfAValue() => Assert.Equal(
        Digest.OfJson(CanonicalJson.Parse("""{"a":1,"b":"é"}""")),
        Digest.OfJson(CanonicalJson.Parse("""{ "b" : "\u00e9", "a" : 1.0 }""")));

    [Fact]
    public void OfJsonDiffersWhereTheValueDiffers() =>
        Assert.NotEqual(Digest.OfJson(CanonicalJson.Parse("1")), Digest.OfJson(CanonicalJson.Parse("\"1\"")));

    [Fact]
    public void TextThatIsNotUnicodeHasNoDigest() => Assert.Throws<EncoderFallbackException>(() => Digest.OfText("\ud800"));
}

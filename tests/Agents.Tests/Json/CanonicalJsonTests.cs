using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Json;
using Xunit;

namespace Holdfast.Agents.Tests.Json;

public sealed class CanonicalJsonTests
{
    [Theory] // RFC 8785, appendix B: IEEE 754 bits and their text.
    [InlineData(0x0000000000000000UL, "0")]
    [InlineData(0x8000000000000000UL, "0")]
    [InlineData(0x0000000000000001UL, "5e-324")]
    [InlineData(0x8000000000000001UL, "-5e-324")]
    [InlineData(0x7fefffffffffffffUL, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffffUL, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000UL, "9007199254740992")]
    [InlineData(0xc340000000000000UL, "-9007199254740992")]
    [InlineData(0x4430000000000000UL, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5UL, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6UL, "1e+23")]
    [InlineData(0x44b52d02c7e14af7UL, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4eUL, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4fUL, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50UL, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8cUL, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8dUL, "0.000001")]
    [InlineData(0x41b3de4355555553UL, "333333333.3333332")]
    [InlineData(0x41b3de4355555554UL, "333333333.33333325")]
    [InlineData(0x41b3de4355555555UL, "333333333.3333333")]
    [InlineData(0x41b3de4355555556UL, "333333333.3333334")]
    [InlineData(0x41b3de4355555557UL, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696UL, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959UL, "1424953923781206.2")]
    public void NumbersAreWrittenAsTheRfcsAppendixSays(ulong bits, string expected) =>
        Assert.Equal(expected, Canonical(JsonSerializer.Serialize(BitConverter.UInt64BitsToDouble(bits))));

    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("1e2", "100")]
    [InlineData("1.0", "1")]
    [InlineData("-0", "0")]
    [InlineData("-0.0e5", "0")]
    [InlineData("0e99999999999999999999", "0")]
    [InlineData("1E21", "1e+21")]
    [InlineData("100000000000000000000", "100000000000000000000")]
    [InlineData("0.0000001", "1e-7")]
    [InlineData("123.450", "123.45")]
    public void AnotherSpellingOfANumberIsTheSameNumber(string literal, string expected) => Assert.Equal(expected, Canonical(literal));

    [Theory]
    [InlineData("9007199254740993")]
    [InlineData("1e400")]
    [InlineData("-1e400")]
    [InlineData("1e-400")]
    [InlineData("1e99999999999999999999")]
    [InlineData("1e-99999999999999999999")]
    [InlineData("0.1000000000000000055")]
    [InlineData("333333333.33333329")]
    public void ANumberThatADoubleDoesNotHoldExactlyIsRefused(string literal)
    {
        var refused = Assert.Throws<JsonRefusedException>(() => Canonical($$$"""{"order":{"lines":[1,{{{literal}}}]}}"""));
        Assert.Equal("order.lines[1]", refused.Path);
        Assert.Contains("pass it as a string", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatADocumentCostsGrowsWithItsLengthAndNotWithThatOfItsPlaces()
    {
        var text = $$"""{"{{new string('k', 50_000)}}":[{{string.Join(',', Enumerable.Repeat(1, 5_000))}}]}""";
        var value = CanonicalJson.Parse(text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(text, CanonicalJson.Write(value));

        // The places of its items, written out, are 500 MB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 50 * text.Length);
    }

    [Fact] // RFC 8785, section 3.2.3.
    public void KeysAreOrderedByTheirUtf16CodeUnits() => Assert.Equal(
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin Small Letter O With Diaeresis\","
        + "\"\u20ac\":\"Euro Sign\",\"\ud83d\ude00\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
        Canonical("""
            {"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
             "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}
            """));

    [Fact] // RFC 8785, section 3.2.2, without the number that is not held exactly.
    public void StringsAndLiteralsAreWrittenAsTheRfcsExampleSays() => Assert.Equal(
        "{\"literals\":[null,true,false],\"numbers\":[1e+30,4.5,0.002,1e-27],\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
        Canonical("""
            {"numbers": [1E30, 4.50, 2e-3, 0.000000000000000000000000001],
             "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}
            """));

    [Fact]
    public void OnlyWhatJsonCannotHoldUnescapedIsEscaped() =>
        Assert.Equal("\"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028<>&+'\"", Canonical("\"\\b\\t\\n\\f\\r\\u0000\\u001F\\u007f\\u2028<>&+'\""));

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""[{"x":{"b":1,"c":2,"b":1}}]""")]
    public void AKeyThatAppearsTwiceIsRefused(string text)
    {
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Parse(text));
        Assert.Throws<JsonRefusedException>(() => Canonical(text));
    }

    [Fact]
    public void SixtyFourLevelsAreTakenAndOneMoreIsRefused()
    {
        Assert.Equal(Nested(64), Canonical(Nested(64)));
        Assert.Throws<JsonRefusedException>(() => Canonical(Nested(65)));
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Parse(Nested(65)));
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Parse(Nested(100_000)));
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00\\ud800\"")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"\\ud800\":1,\"\\ud800\":2}")]
    public void HalfASurrogatePairIsRefused(string text) => Assert.Throws<JsonRefusedException>(() => CanonicalJson.Write(CanonicalJson.Parse(text)));

    [Fact]
    public void HalfASurrogatePairInTheTextItselfIsRefused() => Assert.Throws<JsonRefusedException>(() => CanonicalJson.Parse("\"\ud800\""));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("1 2")]
    [InlineData("[1,]")]
    [InlineData("// c\n1")]
    [InlineData("NaN")]
    [InlineData("01")]
    [InlineData("{'a':1}")]
    public void WhatIsNotJsonIsRefused(string text) => Assert.Throws<JsonRefusedException>(() => CanonicalJson.Parse(text));

    [Fact]
    public void ANodeIsWrittenLikeTheTextItStandsFor() => Assert.Equal(
        """{"a":[1,null,"é"],"b":0.5}""",
        CanonicalJson.Write(new JsonObject { ["b"] = 0.5, ["a"] = new JsonArray(1.0, null, "é") }));

    [Fact]
    public void ANodeThatHoldsHalfASurrogatePairIsRefused()
    {
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Write(new JsonObject { ["a"] = "\ud800" }));
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Write(new JsonObject { ["\udc00"] = 1 }));
    }

    [Fact]
    public void ANodeThatRepeatsAKeyOrHoldsNoNumberIsRefused()
    {
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Write(JsonNode.Parse("""{"a":1,"a":2}""")));
        Assert.Throws<JsonRefusedException>(() => CanonicalJson.Write(new JsonArray(double.NaN)));
    }

    private static string Canonical(string text) => CanonicalJson.Write(JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 }).RootElement);

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);
}

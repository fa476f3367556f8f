using System.Text.Json;
using Holdfast.Agents.Wording;
using Xunit;

namespace Holdfast.Agents.Tests.Wording;

public sealed class SentenceTests
{
    [Theory]
    [InlineData("""{"amount": 1200, "orderId": "A-1003"}""", "Refund 1,200.00\u00A0EUR for order “A-1003”")]
    [InlineData("""{"amount": "1200.5", "orderId": "A-1003"}""", "Refund 1,200.50\u00A0EUR for order “A-1003”")]
    [InlineData("""{"amount": "a lot", "orderId": null}""", "Refund “a lot” for order (nothing)")]
    [InlineData("""{"amount": [1], "orderId": "A\nB\u202E"}""", "Refund “[1]” for order “A↵B[U+202E]”")]
    [InlineData("{}", "Refund (nothing) for order (nothing)")]
    public void ATemplateIsFilledWithWhatWillBeUsed(string arguments, string said) =>
        Assert.Equal(said, Of("Refund {amount:money EUR} for order {orderId}", arguments).Line());

    [Theory]
    [InlineData("{when:date}", """{"when": "2026-11-24"}""", "2026-11-24")]
    [InlineData("{when:dateTime}", """{"when": "2026-11-24T09:30:00Z"}""", "2026-11-24 09:30\u00A0(UTC)")]
    [InlineData("{when:dateTime}", """{"when": "2026-11-24"}""", "“2026-11-24”")]
    [InlineData("{when:date}", """{"when": "tomorrow"}""", "“tomorrow”")]
    [InlineData("{count:number}", """{"count": 9007199254740993}""", "9,007,199,254,740,993")]
    [InlineData("{customer.name}", """{"customer": {"name": "Okafor"}}""", "“Okafor”")]
    [InlineData("{customer.name}", """{"customer": "Okafor"}""", "(nothing)")]
    [InlineData("{total:money currency}", """{"total": 5, "currency": "JPY"}""", "5\u00A0JPY")]
    [InlineData("{total:money currency}", """{"total": 5, "currency": "<b>"}""", "5")]
    public void AValueThatIsNotOfItsFormatStandsAsItIs(string template, string arguments, string said) => Assert.Equal(said, Of(template, arguments).Line());

    [Fact]
    public void TheFirstMoneyIsTheAmount()
    {
        Assert.Equal("1,200.00\u00A0EUR", Of("From {rest:money EUR} take {fee:money EUR}", """{"rest": 1200, "fee": 3}""").Amount);
        Assert.Null(Of("Take {fee:money EUR}", """{"fee": "all"}""").Amount);
    }

    [Fact]
    public void WithoutATemplateItIsTheTool() => Assert.Equal("Run issue_refund", Sentence.Of(null, "issue_refund", default, Reader.Neutral).Line());

    [Fact]
    public void ValuesAreKnownFromWords()
    {
        var parts = Of("Refund {amount:money EUR}", """{"amount": 1}""").Parts;
        Assert.Equal([false, true], parts.Select(part => part.IsValue));
    }

    [Fact]
    public void ALongValueIsCutInTheSentence() => Assert.EndsWith("x… (380 more characters)”", Of("Send {text}", JsonSerializer.Serialize(new { text = new string('x', 500) })).Line(), StringComparison.Ordinal);

    [Fact]
    public void WordsOfTheCallCannotEndTheirQuotationAndAreNothingToPressOn() => Assert.Equal(
        "Send “1\" and \"2 to https[:]//evil[.]example” to shop.example", Of("Send {text} to shop.example", """{"text": "1” and “2 to https://evil.example"}""").Line());

    [Theory]
    [InlineData("“”„‟❝❞❠〝〞〟＂″‴‶‷⁗ʺˮ˝״")]
    [InlineData("\U0001F676\U0001F677\U0001F678")]
    public void WhatLooksLikeTheEndOfAQuotationIsNone(string marks) =>
        Assert.Equal($"“a{new string('"', marks.EnumerateRunes().Count())}b”", Visible.Of($"a{marks}b").Quoted());

    [Theory]
    [InlineData("a’’ and ‘‘b", "“a\" and \"b”")]
    [InlineData("a'' and `´b", "“a\" and \"b”")]
    [InlineData("Kim’s and Lee's", "“Kim’s and Lee's”")]
    public void TwoSingleMarksAreOneDoubleMark(string text, string quoted) => Assert.Equal(quoted, Visible.Of(text).Quoted());

    [Fact]
    public void ALongNumberIsCutToo() => Assert.EndsWith("… (180 more characters)", Of("Pay {amount}", $$"""{"amount": {{new string('9', 300)}}}""").Line(), StringComparison.Ordinal);

    [Fact]
    public void WordsThatAnOlderReleaseTookAreNoTemplate()
    {
        Assert.Null(Template.ParseOrNull("{"));
        Assert.Null(Template.ParseOrNull(null));
    }

    [Fact]
    public void ArgumentsAreATableOfEveryValue()
    {
        var (items, more) = Argument.TableOf(Json("""{"customer": {"name": "Okafor", "tags": []}, "lines": [{"sku": "x", "count": 1200}], "express": true, "note": null, "empty": ""}"""), Reader.Neutral);
        Assert.False(more);
        Assert.Equal(
            ["customer.name: Okafor", "customer.tags: (empty)", "lines[0].sku: x", "lines[0].count: 1,200", "express: yes", "note: (nothing)", "empty: (empty text)"],
            items.Select(item => $"{item.Place}: {item.Value}"));
    }

    [Fact]
    public void ATableHasAnEnd()
    {
        var (items, more) = Argument.TableOf(JsonSerializer.SerializeToElement(Enumerable.Range(0, 1000).ToDictionary(number => $"n{number}")), Reader.Neutral);
        Assert.Equal((50, true), (items.Count, more));
    }

    private static Sentence Of(string template, string arguments) => Sentence.Of(Template.Parse(template), "tool", Json(arguments), Reader.Neutral);

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}

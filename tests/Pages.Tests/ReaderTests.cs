using Holdfast.Agents.Http.Pages;
using Holdfast.Agents.Wording;

namespace Holdfast.Pages.Tests;

/// <summary>Readers with a language. Where a process has no cultures, tests/Agents.Tests says what they are written.</summary>
public sealed class ReaderTests
{
    [Theory]
    [InlineData("de-DE", "1200", "EUR", "1.200,00\u00A0€")]
    [InlineData("en-US", "1200", "USD", "$1,200.00")]
    [InlineData("en-US", "1200", "EUR", "€1,200.00")]
    [InlineData("en-CA", "1200", "USD", "US$1,200.00")]
    [InlineData("en-US", "1200", "CAD", "CAD\u00A01,200.00")]
    [InlineData("de-CH", "1200.5", "CHF", "CHF\u00A01’200.50")]
    [InlineData("hi-IN", "1234567.5", "INR", "₹12,34,567.50")]
    [InlineData("ja-JP", "1200", "JPY", "￥1,200")]
    public void MoneyIsWrittenInTheReadersLanguageAndNeverAmbiguous(string language, string literal, string currency, string written) =>
        Assert.Equal(written, new Reader(language, "UTC").Money(literal, currency));

    [Theory]
    [InlineData("de-DE", "24. Nov. 2026, 10:30\u00A0(Berlin, UTC+1)")]
    [InlineData("en-US", "Tue, Nov 24, 2026, 10:30")]
    [InlineData("th-TH", "2026")]
    [InlineData("ar-SA", "2026")]
    public void AMomentIsWrittenInTheReadersLanguageAndTheCommonCalendar(string language, string written) =>
        Assert.Contains(written, new Reader(language, "Europe/Berlin").Moment(Samples.Now), StringComparison.Ordinal);

    [Theory]
    [InlineData("de-DE", "1200,50", "1200.50")]
    [InlineData("de-DE", "1.200", null)]
    [InlineData("en-US", "1200.50", "1200.50")]
    [InlineData("en-US", "1,200", null)]
    public void WhatIsTypedIsReadInTheReadersLanguage(string language, string typed, string? literal)
    {
        Assert.Equal(literal is not null, new Reader(language, "UTC").TryRead(typed, out var read));
        Assert.Equal(literal, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no-such-language-at-all")]
    [InlineData("xx")]
    public void ALanguageThatIsNotKnownIsWrittenNeutrally(string language) => Assert.Equal("1,200.00\u00A0EUR", new Reader(language, "UTC").Money("1200", "EUR"));

    [Fact]
    public void AFieldIsTypedAndReadBackInTheReadersLanguage()
    {
        var field = FormField.Of("arg.amount", "amount", Samples.Json("""{"type": "number"}"""), Samples.Json("1200.50"), Samples.German)!;
        Assert.Equal("1200,5", field.Value);
        Assert.True(field.TryRead("600,25", Samples.German, out var value, out _));
        Assert.Equal("600.25", value.GetRawText());
        Assert.False(field.TryRead("600.25", Samples.German, out _, out var error));
        Assert.Equal("Write a number as 1200,5, without signs between thousands.", error);
    }

    [Theory]
    [InlineData("""{"type": "integer"}""", "1.5", FieldKind.Integer, false)]
    [InlineData("""{"type": "integer"}""", "15", FieldKind.Integer, true)]
    [InlineData("""{"type": ["number", "null"]}""", "1.5", FieldKind.Number, true)]
    [InlineData("""{"type": "boolean"}""", "true", FieldKind.YesOrNo, true)]
    [InlineData("""{"type": "boolean"}""", "maybe", FieldKind.YesOrNo, false)]
    [InlineData("""{"enum": ["a", "b"]}""", "\"b\"", FieldKind.Choice, true)]
    [InlineData("""{"enum": ["a", "b"]}""", "\"c\"", FieldKind.Choice, false)]
    [InlineData("""{"type": "string", "format": "date"}""", "2026-11-24", FieldKind.Date, true)]
    [InlineData("""{"type": "string", "format": "date"}""", "24.11.2026", FieldKind.Date, false)]
    [InlineData("""{"type": "string"}""", "any text", FieldKind.Text, true)]
    public void AFieldIsOfTheKindThatItsSchemaAsksFor(string schema, string typed, FieldKind kind, bool isTaken)
    {
        var field = FormField.Of("answer", "Answer", Samples.Json(schema), null, Samples.English)!;
        Assert.Equal(kind, field.Kind);
        Assert.Equal(isTaken, field.TryRead(typed, Samples.English, out _, out _));
    }

    [Theory]
    [InlineData("""{"type": "object"}""")]
    [InlineData("""{"type": "array"}""")]
    [InlineData("{}")]
    public void WhatNoOneFieldHoldsHasNone(string schema) => Assert.Null(FormField.Of("arg.x", "x", Samples.Json(schema), null, Samples.English));
}

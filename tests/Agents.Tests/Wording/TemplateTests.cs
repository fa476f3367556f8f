using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Wording;
using Xunit;

namespace Holdfast.Agents.Tests.Wording;

public sealed class TemplateTests
{
    [Fact]
    public void TextAndArgumentsStandInTheirOrder() => Assert.Equal(
        [
            new TemplateText("Refund "), new TemplateValue("amount", TemplateFormat.Money) { Currency = "EUR" }, new TemplateText(" for order "),
            new TemplateValue("order.id", TemplateFormat.Text),
        ],
        Template.Parse("Refund {amount:money EUR} for order {order.id}").Parts);

    [Theory]
    [InlineData("{a}", TemplateFormat.Text)]
    [InlineData("{a:text}", TemplateFormat.Text)]
    [InlineData("{a:number}", TemplateFormat.Number)]
    [InlineData("{a:date}", TemplateFormat.Date)]
    [InlineData("{a:dateTime}", TemplateFormat.DateTime)]
    public void AFormatSaysHowAnArgumentIsWritten(string text, TemplateFormat format) => Assert.Equal([new TemplateValue("a", format)], Template.Parse(text).Parts);

    [Fact]
    public void ACurrencyIsACodeOrTheArgumentThatHoldsOne()
    {
        Assert.Equal([new TemplateValue("a", TemplateFormat.Money) { Currency = "JPY" }], Template.Parse("{a:money JPY}").Parts);
        Assert.Equal([new TemplateValue("a", TemplateFormat.Money) { CurrencyPath = "price.currency" }], Template.Parse("{a:money price.currency}").Parts);
    }

    [Fact]
    public void TheFirstAmountIsWhatItIsAbout()
    {
        Assert.Equal("b", Template.Parse("{a} {b:money EUR} {c:money EUR}").Amount!.Path);
        Assert.Null(Template.Parse("{a:number}").Amount);
    }

    [Fact]
    public void DoubledBracesAreBraces() => Assert.Equal([new TemplateText("{a} }{")], Template.Parse("{{a}} }}{{").Parts);

    [Theory]
    [InlineData("Refund {amount", "'{' at character 8 is no placeholder.")]
    [InlineData("Refund amount}", "'}' at character 14 is no placeholder.")]
    [InlineData("{}", "'{' at character 1 is no placeholder.")]
    [InlineData("{a b}", "'{' at character 1 is no placeholder.")]
    [InlineData("{a..b}", "'{' at character 1 is no placeholder.")]
    [InlineData("{a:money}", "{a:money} has no currency. Write for example {a:money EUR}")]
    [InlineData("{a:money EUR USD}", "has no currency")]
    [InlineData("{a:cash}", "{a:cash} has no format that is known. Known: money CUR, number, date, dateTime, text.")]
    [InlineData("{a:}", "has no format that is known")]
    [InlineData("", "0 characters")]
    [InlineData("  ", "nothing but spaces")]
    [InlineData("a\nb", "Write one line.")]
    public void WhatIsNoTemplateIsRefusedWithTheRemedy(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Template.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void ATemplateHasALength()
    {
        Assert.Single(Template.Parse(new string('a', Template.Longest)).Parts);
        Assert.Throws<FormatException>(() => Template.Parse(new string('a', Template.Longest + 1)));
    }

    [Fact]
    public void AnyTextIsATemplateOnceItsBracesAreDoubled() => Prop.ForAll(Gen.Elements('{', '}', 'a', ':', '.', ' ', 'é').NonEmptyListOf().ToArbitrary(), letters =>
    {
        var text = string.Concat(letters);
        return string.IsNullOrWhiteSpace(text) || Template.Parse(text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal)).Parts.SequenceEqual([new TemplateText(text)]);
    }).QuickCheckThrowOnFailure();
}

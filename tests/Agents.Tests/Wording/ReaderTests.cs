using Holdfast.Agents.Wording;
using Xunit;

namespace Holdfast.Agents.Tests.Wording;

/// <summary>Without cultures, as this process runs; tests/Pages.Tests has readers with a language.</summary>
public sealed class ReaderTests
{
    private static readonly Reader Neutral = new("de-DE", "Europe/Berlin");

    [Theory]
    [InlineData("1200", "1,200")]
    [InlineData("1200.50", "1,200.5")]
    [InlineData("-0.000001", "-0.000001")]
    [InlineData("1e3", "1,000")]
    [InlineData("12345678901234567890.12", "12,345,678,901,234,567,890.12")]
    [InlineData("0", "0")]
    public void ANumberIsWrittenExactly(string literal, string written) => Assert.Equal(written, Neutral.Number(literal));

    [Fact]
    public void ANumberThatNoPageWouldHoldStaysAsItWasWritten()
    {
        Assert.Equal("-1e300", Neutral.Number("-1e300"));
        Assert.Equal("-1e300\u00A0EUR", Neutral.Money("-1e300", "EUR"));
    }

    [Theory]
    [InlineData("1200", "EUR", "1,200.00\u00A0EUR")]
    [InlineData("1200", "JPY", "1,200\u00A0JPY")]
    [InlineData("1200.5", "KWD", "1,200.500\u00A0KWD")]
    [InlineData("0.0049", "USD", "0.0049\u00A0USD")]
    [InlineData("-3", "EUR", "-3.00\u00A0EUR")]
    public void MoneyHasTheDecimalsOfItsCurrencyAndIsNeverRounded(string literal, string currency, string written) => Assert.Equal(written, Neutral.Money(literal, currency));

    [Fact]
    public void AMomentNamesItsZone() => Assert.Equal("2026-11-24 10:30\u00A0(Berlin, UTC+1)", Neutral.Moment(new(2026, 11, 24, 9, 30, 0, TimeSpan.Zero)));

    [Theory]
    [InlineData("2026-03-29T00:59:00Z", "2026-03-29 01:59\u00A0(Berlin, UTC+1)")]
    [InlineData("2026-03-29T01:00:00Z", "2026-03-29 03:00\u00A0(Berlin, UTC+2)")]
    public void TheOffsetIsThatOfTheMoment(string at, string written) => Assert.Equal(written, Neutral.Moment(DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("Asia/Kolkata", "(Kolkata, UTC+5:30)")]
    [InlineData("America/St_Johns", "(St Johns, UTC−3:30)")]
    [InlineData("UTC", "(UTC)")]
    [InlineData("Nowhere/Else", "(UTC)")]
    public void AZoneIsNamedByItsCityAndOffset(string zone, string named) => Assert.EndsWith(named, new Reader("en", zone).Moment(new(2026, 11, 24, 9, 30, 0, TimeSpan.Zero)), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(-59, "just now")]
    [InlineData(59, "now")]
    [InlineData(60, "in 1 minute")]
    [InlineData(-3600 * 5, "5 hours ago")]
    [InlineData(3600 * 35, "in 35 hours")]
    [InlineData(3600 * 52, "in 2 days")]
    [InlineData(-86400 * 90, "2 months ago")]
    [InlineData(86400 * 800, "in 2 years")]
    public void ADistanceIsSaidInTheLargestUnitThatSaysEnough(int seconds, string said)
    {
        var now = new DateTimeOffset(2026, 11, 24, 9, 30, 0, TimeSpan.Zero);
        Assert.Equal(said, Reader.Distance(now, now.AddSeconds(seconds)));
    }

    [Theory]
    [InlineData("1200.50", "1200.50")]
    [InlineData(" 007 ", "7")]
    [InlineData("-0.5", "-0.5")]
    [InlineData("−3", "-3")]
    [InlineData("1,200", null)]
    [InlineData("1.200.50", null)]
    [InlineData("", null)]
    [InlineData(".5", null)]
    [InlineData("1e5", null)]
    [InlineData("١٢", null)]
    public void WhatIsTypedIsReadExactlyOrRefused(string typed, string? literal)
    {
        Assert.Equal(literal is not null, Neutral.TryRead(typed, out var read));
        Assert.Equal(literal, read);
    }
}

using Holdfast.Agents.Identity;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>Numbers, money and times as their readers write them.</summary>
public sealed class LanguageTests
{
    private static readonly Reader German = Reader.Of([Asking.Kim with { Language = "de-DE", TimeZone = "Europe/Berlin" }]);

    [Theory]
    [InlineData("1200", "EUR", "1.200,00 EUR")]
    [InlineData("0.1", "EUR", "0,10 EUR")]
    [InlineData("0.125", "EUR", "0,125 EUR")]
    [InlineData("-1200.5", "JPY", "-1.200,5 JPY")]
    [InlineData("1200", "JPY", "1.200 JPY")]
    [InlineData("1.5", "KWD", "1,500 KWD")]
    [InlineData("1e3", "USD", "1.000,00 USD")]
    [InlineData("9007199254740993.25", "USD", "9.007.199.254.740.993,25 USD")]
    [InlineData("1e-30", "USD", "1e-30 USD")]
    [InlineData("1e300", "USD", "1e300 USD")]
    public void MoneyIsExactAndHasTheDecimalsOfItsCurrency(string literal, string currency, string written) => Assert.Equal(written, German.Money(literal, currency));

    [Fact]
    public void ATimeIsTheReadersOwnAndNamesItsZone()
    {
        Assert.Equal("Dienstag, 24. November 2026 10:00 (Europe/Berlin, UTC+01:00)", German.Moment(Asking.At.AddDays(3)));
        Assert.EndsWith("(Europe/Berlin, UTC+02:00)", German.Moment(Asking.At.AddMonths(-4)), StringComparison.Ordinal);
        Assert.EndsWith("(America/New_York, UTC-05:00)", Reader.Of([Asking.Kim with { TimeZone = "America/New_York" }]).Moment(Asking.At), StringComparison.Ordinal);
    }

    [Fact]
    public void ADayIsTheOneThatWasWritten() => Assert.Equal("Dienstag, 24. November 2026", German.Day(new DateOnly(2026, 11, 24)));

    [Fact]
    public void WhoShareNoLanguageAndNoZoneReadAFormThatIsNobodysAlone()
    {
        var both = Reader.Of([Asking.Kim with { Language = "de-DE", TimeZone = "Europe/Berlin" }, Asking.Lee]);

        Assert.Equal("2026-11-21 09:00 UTC", both.Moment(Asking.At));
        Assert.Equal("1200.50 EUR", both.Money("1200.5", "EUR"));
        Assert.Equal("2026-11-21", both.Day(new DateOnly(2026, 11, 21)));
    }

    [Theory]
    [InlineData("no language", "no zone")]
    [InlineData("", "")]
    public void AnUnknownLanguageOrZoneStopsNoMessage(string language, string zone) =>
        Assert.Equal("2026-11-21 09:00 UTC", Reader.Of([new Person("local", "kim", "Kim") { Language = language, TimeZone = zone }]).Moment(Asking.At));
}

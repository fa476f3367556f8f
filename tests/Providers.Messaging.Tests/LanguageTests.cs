using Holdfast.Agents.Identity;
using Holdfast.Agents.Wording;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>A message is written as the page is, for all who read it together.</summary>
public sealed class LanguageTests
{
    private static readonly Person German = Asking.Kim with { Language = "de-DE", TimeZone = "Europe/Berlin" };

    [Theory]
    [InlineData("1200", "1.200,00\u00A0€")]
    [InlineData("0.125", "0,125\u00A0€")]
    [InlineData("9007199254740993.25", "9.007.199.254.740.993,25\u00A0€")]
    public void MoneyIsExactAndHasTheDecimalsOfItsCurrency(string amount, string written) => Assert.Contains(
        $"Refund {written} for order “A-1003”", MailContent.Of(Asking.Of(German, Asking.Refund with { Arguments = Asking.Json($$"""{"orderId":"A-1003","amount":{{amount}}}""") })).Text, StringComparison.Ordinal);

    [Fact]
    public void ATimeIsTheReadersOwnAndNamesItsZone() =>
        Assert.Contains("Until: Di, 24. Nov. 2026, 10:00\u00A0(Berlin, UTC+1)", MailContent.Of(Asking.Of(German)).Text, StringComparison.Ordinal);

    [Fact]
    public void WhoShareALanguageButNoZoneReadTheirLanguageInUtc()
    {
        var both = Reader.Of([German, Asking.Lee with { Language = "de-DE", TimeZone = "America/New_York" }]);

        Assert.Equal("1.200,50\u00A0€", both.Money("1200.5", "EUR"));
        Assert.EndsWith("09:00\u00A0(UTC)", both.Moment(Asking.At), StringComparison.Ordinal);
    }

    [Fact]
    public void WhoShareNoLanguageAndNoZoneReadAFormThatIsNobodysAlone()
    {
        var text = MailContent.Of(Asking.Shared() with { To = [German, Asking.Lee] }).Text;

        Assert.Contains("Refund 1,200.00\u00A0EUR for order “A-1003”", text, StringComparison.Ordinal);
        Assert.Contains("Until: 2026-11-24 09:00\u00A0(UTC)", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no language", "no zone")]
    [InlineData("", "")]
    public void AnUnknownLanguageOrZoneStopsNoMessage(string language, string zone) => Assert.Contains(
        "Until: 2026-11-24 09:00\u00A0(UTC)", MailContent.Of(Asking.Of(new Person("local", "kim", "Kim") { Language = language, TimeZone = zone })).Text, StringComparison.Ordinal);
}

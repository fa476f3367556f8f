using System.Globalization;
using Holdfast.Providers.OpenAI.Tests.Service;

namespace Holdfast.Providers.OpenAI.Tests;

public sealed class RetryAfterTests
{
    [Theory]
    [InlineData("retry-after", "20", 20_000)]
    [InlineData("retry-after", "1.5", 1_500)]
    [InlineData("retry-after-ms", "250", 250)]
    [InlineData("x-ms-retry-after-ms", "750", 750)]
    [InlineData("retry-after", "0", 0)]
    [InlineData("retry-after", "-5", 0)]
    [InlineData("retry-after", "86400", 3_600_000)]
    [InlineData("retry-after", "1e300", 3_600_000)]
    [InlineData("retry-after", "Infinity", 3_600_000)]
    public async Task TheServicesWishIsHeldToBetweenZeroAndAnHour(string header, string value, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), await ReadAsync(Limited.With(header, value)));

    [Theory]
    [InlineData(90, 90)]
    [InlineData(-90, 0)]
    [InlineData(7200, 3600)]
    public async Task ADateIsCountedFromNow(int secondsFromNow, int secondsToWait)
    {
        var date = HeldTime.Now.AddSeconds(secondsFromNow).ToString("R", CultureInfo.InvariantCulture);

        Assert.Equal(TimeSpan.FromSeconds(secondsToWait), await ReadAsync(Limited.With("retry-after", date)));
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("NaN")]
    [InlineData("")]
    public async Task AWishThatCannotBeReadIsNone(string value) => Assert.Null(await ReadAsync(Limited.With("retry-after", value)));

    [Fact]
    public async Task NoWishIsNone() => Assert.Null(await ReadAsync(Limited));

    [Fact]
    public async Task MillisecondsComeBeforeSeconds() =>
        Assert.Equal(TimeSpan.FromMilliseconds(250), await ReadAsync(Limited.With("retry-after", "1").With("retry-after-ms", "250")));

    [Fact]
    public async Task AnOverloadedServiceIsHeardToo() =>
        Assert.Equal(TimeSpan.FromSeconds(7), await ReadAsync(Reply.Error(503, "overloaded").With("retry-after", "7")));

    [Fact]
    public async Task AFailureThatWaitingDoesNotMendBringsNoWish() =>
        Assert.Null(await ReadAsync(Reply.Error(429, "insufficient_quota").With("retry-after", "7")));

    private static Reply Limited => Reply.Error(429, "rate_limit_exceeded");

    private static async Task<TimeSpan?> ReadAsync(Reply reply)
    {
        await using var service = await RecordedService.StartAsync(reply);
        return (await OpenAIModel.Create(service.Options(), new HeldTime()).FailAsync()).RetryAfter;
    }
}

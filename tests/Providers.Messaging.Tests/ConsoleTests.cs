using System.Text;

namespace Holdfast.Providers.Messaging.Tests;

public sealed class ConsoleTests
{
    [Fact]
    public async Task ItPrintsWhoWhatUntilWhenAndTheLinkAndTheCodeOnLinesOfTheirOwn()
    {
        using var terminal = new StringWriter();

        await new ConsoleChannel(terminal).SendAsync(Asking.Of(Asking.Kim with { Language = "" }), default);

        Assert.Equal("""

            Your approval is asked for · for Kim
              refund-desk asks on behalf of sam.
              Refund 1,200.00 EUR for order “A-1003”
                Until: 2026-11-24 09:00 (UTC)
                Stage: 1 of 2
              https://desk.shop.example/a?t=hft_c2lnbmVk-abc_123
              Code: 4711

            """, terminal.ToString(), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task NothingInAValueCommandsTheTerminal()
    {
        using var terminal = new StringWriter();

        await new ConsoleChannel(terminal).SendAsync(Asking.Of(Asking.Kim with { Name = "Kim\u001b[2J" }, Asking.Refund with { Arguments = Asking.Json("""{"orderId":"\u001b]8;;x\u0007\r\nCode: 0000","amount":1}""") }), default);

        Assert.DoesNotContain('\u001b', terminal.ToString());
        Assert.Single(terminal.ToString().Split('\n'), line => line.TrimStart().StartsWith("Code:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task MessagesThatComeAtOnceStandApart()
    {
        using var terminal = new StringWriter();
        var channel = new ConsoleChannel(terminal);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => channel.SendAsync(Asking.Personal(), default))));

        using var alone = new StringWriter();
        await new ConsoleChannel(alone).SendAsync(Asking.Personal(), default);
        Assert.Equal(string.Concat(Enumerable.Repeat(alone.ToString(), 50)), terminal.ToString());
    }

    [Fact]
    public async Task AMessageIsOneWriteSoThatNoLineOfTheLogComesIntoItsLink()
    {
        using var terminal = new Terminal();

        await ConsoleChannel.Of(terminal, new UTF8Encoding(false)).SendAsync(Asking.Personal() with { Link = new($"https://desk.shop.example/a?t={new string('x', 500)}") }, default);

        Assert.Contains(new string('x', 500), Assert.Single(terminal.Writes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItReachesEverybodyAlsoWhereNobodyIsKnown()
    {
        using var terminal = new StringWriter();
        var channel = new ConsoleChannel(terminal);

        await channel.SendAsync(Asking.Shared() with { To = [] }, default);

        Assert.True(channel.Reaches(new("local", "kim", "Kim")));
        Assert.True(channel.Reaches(null));
        Assert.StartsWith("Your approval is asked for\n", terminal.ToString().ReplaceLineEndings("\n").TrimStart(), StringComparison.Ordinal);
        Assert.DoesNotContain("Code:", terminal.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A pipe, as standard output is one where a host runs under something: it cannot be sought in, and each write is one by itself.</summary>
    private sealed class Terminal : MemoryStream
    {
        public List<string> Writes { get; } = [];

        public override bool CanSeek => false;

        public override void Write(ReadOnlySpan<byte> buffer) => Writes.Add(Encoding.UTF8.GetString(buffer));

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}

using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Wording;
using Xunit;

namespace Holdfast.Agents.Tests.Wording;

public sealed class VisibleTests
{
    [Theory]
    [InlineData("Refund 12 € for Zoë, naïve café — “quoted”")]
    [InlineData("Возврат заказа, со скидкой")]
    [InlineData("Επιστροφή χρημάτων")]
    [InlineData("中文 한국어 日本語 العربية עברית")]
    [InlineData("two\nlines\tand a tab")]
    [InlineData("👩‍👩‍👧 ❤️ 🇩🇪")]
    [InlineData("µm Ω №")]
    public void OrdinaryTextStaysAsItIs(string text)
    {
        var shown = Visible.Of(text);
        Assert.False(shown.IsSuspicious);
        Assert.Equal(text, shown.ToString());
    }

    [Theory]
    [InlineData("a\u202Eb", "a[U+202E]b")]
    [InlineData("a\u200Bb\uFEFF", "a[U+200B]b[U+FEFF]")]
    [InlineData("a\u0000\u001B[2Jb", "a[U+0000][U+001B][2Jb")]
    [InlineData("a\rb\r\nc", "a[U+000D]b\nc")]
    [InlineData("a\u2066b\u2069", "a[U+2066]b[U+2069]")]
    [InlineData("a\u3164b\u00ADc", "a[U+3164]b[U+00AD]c")]
    [InlineData("a\U000E0041b", "a[U+E0041]b")]
    [InlineData("a\u200Db", "a[U+200D]b")]
    [InlineData("a\u2028b", "a[U+2028]b")]
    public void WhatWouldNotBeSeenIsALabel(string text, string shown) => Assert.Equal(shown, Visible.Of(text).ToString());

    [Fact]
    public void HalfACharacterIsALabel() => Assert.Equal("a[U+D800]b", Visible.Of("a\uD800b").ToString());

    [Fact]
    public void ALabelSaysWhatItStandsFor() =>
        Assert.Equal("right-to-left override", Assert.Single(Visible.Of("a\u202Eb").Shown, run => run.Kind == TextRunKind.Hidden).Why);

    [Theory]
    [InlineData("раураl", "mixes Latin and Cyrillic letters")]
    [InlineData("Βank", "mixes Latin and Greek letters")]
    [InlineData("А-1003", "Cyrillic letters that look Latin")]
    [InlineData("сосо and more", "Cyrillic letters that look Latin")]
    [InlineData("ｐａｙ", "letters that only look ordinary")]
    [InlineData("𝐩𝐚𝐲", "letters that only look ordinary")]
    public void AWordThatCouldPassForAnotherIsMarked(string text, string why)
    {
        var suspect = Assert.Single(Visible.Of(text).Shown, run => run.Kind == TextRunKind.LookAlike);
        Assert.Equal(why, suspect.Why);
    }

    [Fact]
    public void AnAccentTooManyIsALabel()
    {
        Assert.False(Visible.Of("e\u0301\u0323").IsSuspicious);
        Assert.True(Visible.Of("e" + new string('\u0301', 9)).IsSuspicious);
    }

    [Fact]
    public void ALongTextIsCutBetweenWordsAndLosesNothing()
    {
        var text = string.Concat(Enumerable.Repeat("word and word ", 100));
        var shown = Visible.Of(text, 100);
        Assert.InRange(shown.Shown.Sum(run => run.Text.Length), 77, 100);
        Assert.EndsWith(" ", shown.Shown[^1].Text, StringComparison.Ordinal);
        Assert.Equal(text, shown.ToString());
    }

    [Fact]
    public void ATextThatIsOnlyALittleLongerIsNotCut() => Assert.Empty(Visible.Of(new string('a', 105), 100).Rest);

    [Fact]
    public void ALineForAMessageShowsLineEndsAndSaysHowMuchWasCut() =>
        Assert.Equal("one↵two [U+202E]… (90 more characters)", Visible.Line("one\r\ntwo\t\u202E" + new string('x', 90), 9));

    [Theory]
    [InlineData("see https://evil.example/a?t=1", "see https[:]//evil[.]example/a?t=1")]
    [InlineData("www.evil。example and kim@evil．example", "www[.]evil[.]example and kim@evil[.]example")]
    [InlineData("i❤.ws and 👍🏽.example and ❤️.ws", "i❤[.]ws and 👍🏽[.]example and ❤️[.]ws")]
    [InlineData("e\u0301.example and evil.भारत and a_.example", "e\u0301[.]example and evil[.]भारत and a_[.]example")]
    [InlineData("1.5 of it. And so on, p.m.", "1.5 of it. And so on, p.m.")]
    [InlineData("1.200,50 € e.g. this, and wait...no (.NET) /.well lines[0].sku", "1.200,50 € e.g. this, and wait...no (.NET) /.well lines[0].sku")]
    public void NoProgramMakesALinkOfALine(string text, string line) => Assert.Equal(line, Visible.Line(text));

    [Fact]
    public void NothingIsEverLostAndNothingUnseenPasses() => Prop.ForAll(ArbMap.Default.ArbFor<string>().Filter(text => text is not null), Gen.Choose(1, 40).ToArbitrary(), (text, limit) =>
    {
        var (whole, cut) = (Visible.Of(text), Visible.Of(text, limit));
        return cut.ToString() == whole.ToString()
            && !whole.ToString().EnumerateRunes().Any(rune => System.Text.Rune.IsControl(rune) && rune.Value is not ('\n' or '\t'));
    }).QuickCheckThrowOnFailure();
}

using System.Text.RegularExpressions;
using Holdfast.Agents.Messages;

namespace Holdfast.Providers.Messaging.Tests;

/// <summary>What a person reads of an e-mail.</summary>
public sealed partial class MailContentTests
{
    private const string RightToLeft = "\u202E";

    [Fact]
    public void ItSaysWhoAsksWhatHowMuchUntilWhenAndAtWhichStage()
    {
        var content = MailContent.Of(Asking.Personal());

        Assert.Equal("Approval asked: Refund €1,200.00 for order “A-1003”", content.Subject);
        foreach (var form in new[] { content.Text, Read(content.Html) })
        {
            Assert.Contains("Your approval is asked for", form, StringComparison.Ordinal);
            Assert.Contains("refund-desk asks on behalf of sam.", form, StringComparison.Ordinal);
            Assert.Contains("Refund €1,200.00 for order “A-1003”", form, StringComparison.Ordinal);
            Assert.Matches(@"Until:?\s+Tue, Nov 24, 2026, 9:00\sAM\s\(UTC\)", form);
            Assert.Matches(@"Stage:?\s+1 of 2", form);
        }
    }

    [Fact]
    public void TheLinkStandsInEachFormOnceAndTheCodeBesideItAndNeitherInTheSubject()
    {
        var message = Asking.Personal(Asking.Refund, Asking.Reply);
        var content = MailContent.Of(message);

        Assert.Equal([message.Link.AbsoluteUri], Addresses().Matches(content.Text).Select(match => match.Value));
        Assert.Equal([message.Link.AbsoluteUri], Hrefs().Matches(content.Html).Select(match => System.Net.WebUtility.HtmlDecode(match.Groups["to"].Value)));
        Assert.Equal(1, Addresses().Count(content.Html));
        Assert.Contains("Your code: 4711\r\nType it on the page.", content.Text, StringComparison.Ordinal);
        Assert.Contains(">4711</p>", content.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", content.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain(Asking.Token, content.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereNoCodeIsNeededNoneIsSpokenOf()
    {
        var content = MailContent.Of(Asking.Personal() with { Code = null });

        Assert.DoesNotContain("code", content.Text + Read(content.Html), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AToolWithoutWordsIsNamedWithItsArguments()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Reply));

        Assert.Equal("Approval asked: Run send_reply", content.Subject);
        Assert.Contains("Run send_reply\r\n    to: “pat@mail[.]example”\r\n    text: “All is paid back.↵Yours”\r\n", content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralItemsAreOneMessage()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Refund, Asking.Reply));

        Assert.Equal("Decisions asked: 2 decisions for refund-desk", content.Subject);
        Assert.Contains("- Refund €1,200.00", content.Text, StringComparison.Ordinal);
        Assert.Contains("- Run send_reply", content.Text, StringComparison.Ordinal);
        Assert.Contains("2 decisions are asked of you", content.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MessageKind.Request, "approval", "Approval asked: ", "Your approval is asked for")]
    [InlineData(MessageKind.Request, "question", "Question: ", "A question waits for you")]
    [InlineData(MessageKind.Request, "inDoubt", "Did this happen: ", "Did this happen?")]
    [InlineData(MessageKind.Reminder, "approval", "Reminder: ", "Reminder: your approval is asked for")]
    [InlineData(MessageKind.Escalation, "approval", "Now asked of you: ", "Now asked of you, too: your approval is asked for")]
    public void EachKindHasItsOwnWords(MessageKind kind, string item, string subject, string title)
    {
        var about = item == "question" ? Asking.Question : Asking.Refund with { Kind = item };
        var content = MailContent.Of(Asking.Personal(about) with { Kind = kind });

        Assert.StartsWith(subject, content.Subject, StringComparison.Ordinal);
        Assert.StartsWith(title, content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatNobodyKnowsTheEndOfIsToldAsSuch()
    {
        var text = MailContent.Of(Asking.Personal(Asking.Reply with { Kind = "inDoubt" }, Asking.Refund with { Kind = "inDoubt" })).Text;

        Assert.Contains("Run send_reply, begun, with an end that nobody knows\r\n    to: ", text, StringComparison.Ordinal);
        Assert.Contains("for order “A-1003”, begun, with an end that nobody knows\r\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"question":"Which <one>?","kind":"choice","choices":["A","B"]}""", "refund-desk asks “Which <one>?”\r\n    Choices: “A”, “B”\r\n")]
    [InlineData("""{"question":"How many?","kind":"number"}""", "refund-desk asks “How many?”\r\n\r\n")]
    public void AQuestionStandsInTheAgentsWords(string arguments, string text) => Assert.Contains($"\r\n\r\n{text}", MailContent.Of(Asking.Personal(
        Asking.Question with { Arguments = Asking.Json(arguments) })).Text, StringComparison.Ordinal);

    [Fact]
    public void AnOutcomeSaysWhatBecameOfItAndAsksForNothing()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Refund with { Outcome = "Kim approved it." }) with { Kind = MessageKind.Outcome, Code = null });

        Assert.Equal("Closed: Refund €1,200.00 for order “A-1003”", content.Subject);
        Assert.Contains("Outcome: Kim approved it.", content.Text, StringComparison.Ordinal);
        Assert.Contains("See the record", content.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Until", content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void MarkupInAValueIsText()
    {
        const string Markup = "<img src=x onerror=alert(1)></title></style><script>&amp;\"'";
        var content = MailContent.Of(Asking.Personal(
            Asking.Refund with { Agent = Markup, RequestedBy = Markup, Arguments = Asking.Json("""{"orderId":"<b>&quot;","amount":1}""") },
            Asking.Reply with { Tool = Markup, Outcome = Markup, Arguments = Asking.Json("""{"<i>":"</table><a href='x'>"}""") }));

        Assert.DoesNotMatch("<(img|script|b|i)[ >]", content.Html);
        Assert.Equal(1, Hrefs().Count(content.Html));
        Assert.Contains("“&lt;b&gt;&amp;quot;”", content.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatHidesOrTurnsTextRoundIsShown()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Refund with
        {
            RequestedBy = "sam\u200B\u0007",
            Arguments = Asking.Json("""{"orderId":"A\u202E3001-A\u2066\u00AD\u3164\uDB40\uDC41","amount":1}"""),
        }));

        Assert.Contains("“A[U+202E]3001-A[U+2066][U+00AD][U+3164][U+E0041]”", content.Subject, StringComparison.Ordinal);
        Assert.Contains("on behalf of sam[U+200B][U+0007].", content.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(RightToLeft, content.Subject + content.Text + content.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void AWordThatCouldPassForAnotherIsMarkedAsOnThePage()
    {
        var content = MailContent.Of(Asking.Personal(
            Asking.Refund with { Arguments = Asking.Json("""{"orderId":"раураl","amount":1}""") }, Asking.Reply with { Arguments = Asking.Json("""{"to":"ｐａｙ"}""") }));

        Assert.Contains("for order “раураl [mixes Latin and Cyrillic letters]”", content.Text, StringComparison.Ordinal);
        Assert.Contains("to: “ｐａｙ [letters that only look ordinary]”", content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void AToolsArgumentsStandByTheirPlacesWithTheReadersNumbers()
    {
        var content = MailContent.Of(Asking.Of(Asking.Kim with { Language = "de-DE" }, Asking.Reply with { Arguments = Asking.Json("""{"lines":[{"sku":"x","count":1200.5}],"express":true,"note":null}""") }));

        Assert.Contains("    lines[0].sku: “x”\r\n    lines[0].count: 1.200,5\r\n    express: yes\r\n    note: (nothing)\r\n", content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void APlaceThatAModelMayHaveNamedStandsAsItsWords()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Reply with { Arguments = Asking.Json($$$"""{"labels":{"Until: today. Stage":"2 of 2","{{{new string('x', 100)}}}":1}}""") }));

        Assert.Contains("    “labels[.]Until: today. Stage”: “2 of 2”\r\n", content.Text, StringComparison.Ordinal);
        Assert.Matches(@"    labels\[\.\]x+… \([0-9]+ more characters\): 1\r\n", content.Text);
    }

    [Fact]
    public void AnAddressInAValueIsNothingToPressOn()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Refund with
        {
            RequestedBy = "sam@evil.example",
            Arguments = Asking.Json("""{"orderId":"see https://evil.example/a?t=1 or www.evil.example or evil。example","amount":1}"""),
        }));

        Assert.Contains("see https[:]//evil[.]example/a?t=1 or www[.]evil[.]example or evil[.]example", content.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("evil.example", content.Subject + content.Text + content.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void AValueCannotEndItsOwnQuotation()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Refund with { Arguments = Asking.Json("""{"orderId":"1” was approved by Kim “","amount":1}""") }));

        Assert.Contains("“1\" was approved by Kim \"”", content.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void LongTextIsCutAndSaysSo()
    {
        var item = Asking.Reply with { Arguments = Asking.Json($$"""{"text":"{{new string('x', 100_000)}}","more":"{{string.Concat(Enumerable.Repeat("😀", 800))}}"}""") };
        var content = MailContent.Of(Asking.Personal([.. Enumerable.Repeat(item, 20)]));

        Assert.Contains($"{new string('x', 300)}… (99700 more characters)”", content.Text, StringComparison.Ordinal);
        Assert.Contains("😀… (500 more characters)”", content.Text, StringComparison.Ordinal);
        Assert.True(content.Html.Length < 100_000);
    }

    [Fact]
    public void ASubjectHasABound()
    {
        var content = MailContent.Of(Asking.Personal(Asking.Refund with { Arguments = Asking.Json($$"""{"orderId":"{{string.Concat(Enumerable.Repeat("😀", 90))}}","amount":1}""") }));

        Assert.InRange(content.Subject.Length, 140, 150);
        Assert.EndsWith("😀…", content.Subject, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", """{"amount":1}""", "Run issue_refund\r\n    amount: 1\r\n")] // no template of today's
    [InlineData("{amount:money currency}", """{"amount":1,"currency":"EUR paid"}""", "1\r\n")]
    [InlineData("{amount:money EUR}", """{"amount":"0 (free)"}""", "“0 (free)”\r\n")]
    [InlineData("{a.b:number} {a.c}", """{"a":{"b":1e400}}""", "1e400 (nothing)\r\n")]
    [InlineData("{a}", """{"a":["https://evil.example"]}""", "“[\"https[:]//evil[.]example\"]”\r\n")]
    [InlineData("{day:date} {at:dateTime}", """{"day":"2026-02-30","at":"tomorrow"}""", "“2026-02-30” “tomorrow”\r\n")]
    public void WhatIsNotOfItsFormatStaysAsItWasWritten(string describe, string arguments, string text) => Assert.Contains(
        $"\r\n\r\n{text}", MailContent.Of(Asking.Personal(Asking.Refund with { Describe = describe, Arguments = Asking.Json(arguments), Stages = 1, ExpiresAt = null })).Text, StringComparison.Ordinal);

    private static string Read(string html) => System.Net.WebUtility.HtmlDecode(Tags().Replace(html, " "));

    [GeneratedRegex(@"<style>.*?</style>|<[^>]*>", RegexOptions.Singleline)]
    private static partial Regex Tags();

    [GeneratedRegex(@"\w+://[^\s""<]+")]
    private static partial Regex Addresses();

    [GeneratedRegex(@"\bhref=""(?<to>[^""]*)""")]
    private static partial Regex Hrefs();
}

using System.Text.RegularExpressions;

namespace Holdfast.Architecture;

/// <summary>docs/guarantees.md: every sentence names the test that proves it, and that test exists.</summary>
public sealed partial class GuaranteeTests
{
    private static readonly string Document = Repository.Read("docs/guarantees.md");

    public static TheoryData<string> References => [.. Proofs().Matches(Document)
        .SelectMany(line => Reference().Matches(line.Groups["tests"].Value)).Select(reference => reference.Groups["test"].Value).Distinct()];

    [Fact]
    public void EverySentenceNamesItsTest()
    {
        var sentences = Sentences().Matches(Document);
        Assert.NotEmpty(sentences);
        Repository.AssertNone("Nothing proves:", sentences.Where(sentence => !Proofs().Matches(sentence.Value)
            .Any(line => Reference().IsMatch(line.Groups["tests"].Value))).Select(sentence => sentence.Groups["sentence"].Value));
    }

    [Theory]
    [MemberData(nameof(References))]
    public void TheTestExists(string reference)
    {
        var parts = reference.Split('.');
        var (type, method) = (parts[^2], parts[^1]);
        var folder = Enumerable.Range(1, parts.Length - 2).Reverse().Select(count => string.Join('.', parts[..count]))
            .SelectMany(project => new[] { $"tests/{project}", $"src/{project}" })
            .FirstOrDefault(folder => Directory.Exists(Path.Combine(Repository.Root, folder)));
        Assert.True(folder is not null, $"{reference}: no project of this name.");

        var declared = new Regex($@"\bclass {type}\b");
        var test = new Regex($@"\[((Postgres)?Fact|Theory)\b[^\n]*\]\s*(\[[^\n]*\]( //[^\n]*)?\s*)*public (async )?(Task|ValueTask|void) {method}\(");
        var scenario = new Regex($@"Scenario\.Of\([^\n]*\b{method}\)");
        Assert.True(Repository.Code(folder!).Select(Repository.Read).Any(code => declared.IsMatch(code) && (test.IsMatch(code) || scenario.IsMatch(code))),
            $"{reference}: {folder} has no test or scenario {method} in a class {type}.");
    }

    // A sentence is an item of a list; what proves it stands on its Test lines, until the next item, heading or blank line.
    [GeneratedRegex(@"^- (?<sentence>[^\n]*)(\n  [^\n]*)*", RegexOptions.Multiline)]
    private static partial Regex Sentences();

    [GeneratedRegex(@"^  Test: (?<tests>[^\n]*(\n  `[^\n]*)*)", RegexOptions.Multiline)]
    private static partial Regex Proofs();

    [GeneratedRegex(@"`(?<test>[A-Za-z0-9_.]+\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+)`")]
    private static partial Regex Reference();
}

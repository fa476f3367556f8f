using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Definitions.Yaml;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class StrictYamlTests
{
    [Fact]
    public void ValuesKnowWhereTheyStand()
    {
        var root = (YamlMapping)Read("a: 1\nb:\n  - x\n  - {c: \"y\"}\n");
        var list = (YamlSequence)root.Entries[1].Value;
        var inner = ((YamlMapping)list.Items[1]).Entries[0];
        Assert.Equal((4, 6, 4, 9), (inner.Key.Line, inner.Key.Column, inner.Value.Line, inner.Value.Column));
    }

    [Theory]
    [InlineData("true", JsonValueKind.True)]
    [InlineData("false", JsonValueKind.False)]
    [InlineData("-1.5e3", JsonValueKind.Number)]
    [InlineData("~", JsonValueKind.Null)]
    [InlineData("null", JsonValueKind.Null)]
    [InlineData("", JsonValueKind.Null)]
    [InlineData("no", JsonValueKind.String)]
    [InlineData("on", JsonValueKind.String)]
    [InlineData("True", JsonValueKind.String)]
    [InlineData("012", JsonValueKind.String)]
    [InlineData("0x10", JsonValueKind.String)]
    [InlineData("1_000", JsonValueKind.String)]
    [InlineData(".5", JsonValueKind.String)]
    [InlineData(".inf", JsonValueKind.String)]
    [InlineData("2026-01-01", JsonValueKind.String)]
    [InlineData("\"1\"", JsonValueKind.String)]
    [InlineData("'true'", JsonValueKind.String)]
    public void AScalarIsWhatItWouldBeInJsonAndElseText(string text, JsonValueKind kind) =>
        Assert.Equal(kind, ((YamlScalar)((YamlMapping)Read($"a: {text}")).Entries[0].Value).Kind);

    [Theory]
    [InlineData("a: &x 1", 1, "Anchors and tags")]
    [InlineData("a: 1\nb: *x", 2, "Aliases")]
    [InlineData("a: !!str 1", 1, "Anchors and tags")]
    [InlineData("!x {a: 1}", 1, "Anchors and tags")]
    [InlineData("&x a: 1", 1, "Anchors and tags")]
    [InlineData("a: 1\n<<: {b: 2}", 2, "Merge keys")]
    [InlineData("a: 1\nb: 2\n\"a\": 3", 3, "'a' appears twice")]
    [InlineData("a: 1\n---\nb: 2", 2, "A second document")]
    [InlineData("? [a]\n: 1", 1, "A key must be text")]
    [InlineData(": 1", 1, "A key must be text")]
    [InlineData("", 1, "The file is empty")]
    [InlineData("# only a comment\n", 1, "The file is empty")]
    [InlineData("a: [1, 2", 1, "Not YAML")]
    [InlineData("a: 1\n\tb: 2", 1, "Not YAML")]
    [InlineData("a: \"\\q\"", 1, "Not YAML")]
    public void WhatHasMoreThanOneMeaningIsRefusedWithItsLine(string text, int line, string expected)
    {
        var refused = Assert.Throws<DefinitionException>(() => Read(text));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Line >= line, refused.Message);
        Assert.StartsWith($"f.yaml({refused.Line}): ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ThirtyTwoLevelsAreTakenAndOneMoreIsRefused()
    {
        Read(new string('[', 32) + new string(']', 32));
        Assert.Contains("over 32 levels", Assert.Throws<DefinitionException>(() => Read(new string('[', 33) + new string(']', 33))).Message, StringComparison.Ordinal);
        Assert.Throws<DefinitionException>(() => Read(new string('[', 500_000)));
    }

    [Fact]
    public void ATextOverOneMebibyteIsRefused() => Assert.Contains(
        "Larger than", Assert.Throws<DefinitionException>(() => Read("a: " + new string('x', 1024 * 1024))).Message, StringComparison.Ordinal);

    [Fact]
    public void AMissingFileIsAnErrorThatNamesIt()
    {
        var path = Path.Combine(Path.GetTempPath(), "holdfast-none.yaml");
        Assert.StartsWith($"{path}(1): Cannot be read", Assert.Throws<DefinitionException>(() => StrictYaml.ReadFile(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhateverTheTextAFailureIsADefinitionError()
    {
        var token = Gen.Elements("a", "b: ", "- ", "[", "]", "{", "}", ",", "\n", "  ", "\t", "&x ", "*x", "!t ", "---", "...", "<<", "\"", "'", "|", ">", "? ", ": ", "#", "%", "\0", "\ud800", "é", "1");
        Prop.ForAll(token.ListOf().Select(string.Concat).ToArbitrary(), text =>
        {
            try
            {
                Read(text);
                return true;
            }
            catch (DefinitionException)
            {
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static YamlNode Read(string text) => StrictYaml.Read("f.yaml", text);
}

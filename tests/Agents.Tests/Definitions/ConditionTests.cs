using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Xunit;

namespace Holdfast.Agents.Tests.Definitions;

public sealed class ConditionTests
{
    [Theory]
    [InlineData("over", "100", "100.01", "100")]
    [InlineData("over", "0.1", "0.1000000000000001", "0.1")]
    [InlineData("over", "-1", "0", "-1.5")]
    [InlineData("atLeast", "100", "1e2", "99.99")]
    [InlineData("under", "100", "99", "100")]
    [InlineData("atMost", "100", "100.0", "101")]
    [InlineData("equals", "1.0", "1", "2")]
    [InlineData("equals", "\"EUR\"", "\"EUR\"", "\"eur\"")]
    [InlineData("equals", "true", "true", "false")]
    [InlineData("not", "\"DE\"", "\"FR\"", "\"DE\"")]
    [InlineData("not", "false", "true", "false")]
    [InlineData("in", "[\"EUR\",\"USD\",5]", "\"USD\"", "\"CHF\"")]
    [InlineData("in", "[\"EUR\",5]", "5", "6")]
    [InlineData("startsWith", "\"GB-\"", "\"GB-1\"", "\"gb-1\"")]
    public void AComparisonIsMetOrUnmet(string comparer, string value, string met, string unmet)
    {
        Assert.Equal(Truth.Met, Evaluate(comparer, value, met));
        Assert.Equal(Truth.Unmet, Evaluate(comparer, value, unmet));
    }

    [Theory]
    [InlineData("over", "100", "\"1000\"")]
    [InlineData("over", "100", "null")]
    [InlineData("over", "100", "[1000]")]
    [InlineData("atMost", "100", "true")]
    [InlineData("equals", "\"1\"", "1")]
    [InlineData("not", "\"DE\"", "5")]
    [InlineData("not", "\"DE\"", "null")]
    [InlineData("in", "[\"EUR\"]", "{}")]
    [InlineData("startsWith", "\"1\"", "1")]
    public void AValueOfAnotherTypeIsUnknown(string comparer, string value, string argument) => Assert.Equal(Truth.Unknown, Evaluate(comparer, value, argument));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"customer":{}}""")]
    [InlineData("""{"customer":"country"}""")]
    [InlineData("""{"customer":[{"country":"DE"}]}""")]
    [InlineData("""{"customer.country":"DE"}""")]
    [InlineData("""{"Customer":{"country":"DE"}}""")]
    [InlineData("[]")]
    public void AMissingValueIsUnknown(string arguments) =>
        Assert.Equal(Truth.Unknown, new Condition("customer.country", [new(Comparer.Equals, Parse("\"DE\""))]).Evaluate(Parse(arguments)));

    [Fact]
    public void EveryComparisonOfAConditionMustHold()
    {
        var between = new Condition("n", [new(Comparer.Over, Parse("1")), new(Comparer.Under, Parse("3"))]);
        Assert.Equal([Truth.Unmet, Truth.Met, Truth.Unmet, Truth.Unknown], new[] { "1", "2", "3", "\"2\"" }.Select(n => between.Evaluate(Parse($$"""{"n":{{n}}}"""))));
    }

    private static Truth Evaluate(string comparer, string value, string argument) =>
        new Condition("a", [new(Enum.Parse<Comparer>(comparer, ignoreCase: true), Parse(value))]).Evaluate(Parse($$"""{"a":{{argument}}}"""));

    private static System.Text.Json.JsonElement Parse(string text) => CanonicalJson.Parse(text);
}

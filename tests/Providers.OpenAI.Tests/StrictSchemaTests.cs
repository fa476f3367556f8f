using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

public sealed class StrictSchemaTests
{
    [Theory]
    [InlineData(Tools.Strict)]
    [InlineData("""{"type":"object","properties":{},"required":[],"additionalProperties":false}""")]
    [InlineData("""{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"required":["a"],"additionalProperties":false,"$defs":{"a":{"type":"string","enum":["x"]}}}""")]
    public void AClosedSchemaWithAllPropertiesRequiredIsStrict(string schema) => Assert.True(StrictSchema.Fits(Tools.Json(schema)));

    [Theory]
    [InlineData("{}")]
    [InlineData("true")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string","minLength":1}},"required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}},"required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":["object","null"]}},"required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":"array","items":{"type":"string"}}""")]
    public void AnyOtherSchemaIsNot(string schema) => Assert.False(StrictSchema.Fits(Tools.Json(schema)));

    [Theory]
    [InlineData("{}")]
    [InlineData("true")]
    [InlineData("""{"type":"object"}""")]
    public void AToolThatTakesNothingIsSentAsAnObjectWithoutProperties(string schema) =>
        Assert.Equal("""{"type":"object","properties":{}}""", StrictSchema.Parameters(Tools.Json(schema)).ToString());

    [Fact]
    public void TheSchemaThatTheAbstractionsMakeStrictIsStrict() => Assert.True(StrictSchema.Fits(AIJsonUtilities.CreateJsonSchema(typeof(Refund),
        inferenceOptions: new() { TransformOptions = new() { DisallowAdditionalProperties = true, RequireAllProperties = true } })));

    private sealed record Refund(string Order, decimal Amount, string? Note);
}

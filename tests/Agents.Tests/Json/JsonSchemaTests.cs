using System.Text.Json;
using Holdfast.Agents.Json;
using Xunit;

namespace Holdfast.Agents.Tests.Json;

public sealed class JsonSchemaTests
{
    private const string Order = """
        {"type":"object","additionalProperties":false,"required":["amount"],"properties":{
          "amount":{"type":"number"},
          "lines":{"type":"array","maxItems":2,"items":{"type":"object","properties":{"sku":{"type":"string","pattern":"^[A-Z]+$"}}}}}}
        """;

    [Theory]
    [InlineData("""{"amount":"ten"}""", "amount: expected a number, got the string \"ten\".")]
    [InlineData("""{}""", "amount: required, but missing. Add it.")]
    [InlineData("""{"amount":1,"total":2}""", "total: not known here. Remove it. Known: amount, lines.")]
    [InlineData("""{"amount":1,"lines":[{"sku":"A"},{"sku":"b"}]}""", "lines[1].sku: expected a string that matches ^[A-Z]+$, got the string \"b\".")]
    [InlineData("""{"amount":1,"lines":[{},{},{}]}""", "lines: expected at most 2 items, got 3.")]
    [InlineData("""[]""", "(whole document): expected an object, got an array.")]
    public void AViolationNamesThePlaceTheFactAndTheRemedy(string value, string expected) => Assert.Equal(expected, Assert.Single(Violations(Order, value)));

    [Fact]
    public void EveryViolationIsReportedAtOnce() =>
        Assert.Equal(3, Violations(Order, """{"amount":null,"x":1,"lines":[{"sku":5}]}""").Count);

    [Theory]
    [InlineData("""{"type":"integer"}""", "1", "1.5")]
    [InlineData("""{"type":"integer"}""", "1.0", "\"1\"")]
    [InlineData("""{"type":["string","null"]}""", "null", "1")]
    [InlineData("""{"type":"boolean"}""", "false", "0")]
    [InlineData("""{"enum":["a",1,null]}""", "1.0", "\"b\"")]
    [InlineData("""{"const":{"a":[1,2]}}""", """{"a":[1.0,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"enum":[1,2],"const":2}""", "2", "1")]
    [InlineData("""{"minimum":0.1}""", "0.1", "0.09999999999999999999999999")]
    [InlineData("""{"maximum":9007199254740992}""", "9007199254740992", "9007199254740993")]
    [InlineData("""{"exclusiveMinimum":0}""", "1e-300", "-0")]
    [InlineData("""{"exclusiveMaximum":-1}""", "-2", "-1")]
    [InlineData("""{"minLength":1,"maxLength":2}""", "\"😀😀\"", "\"abc\"")]
    [InlineData("""{"minItems":1}""", "[0]", "[]")]
    [InlineData("""{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}""", """["a",1]""", """["a","b"]""")]
    [InlineData("""{"items":false}""", "[]", "[1]")]
    [InlineData("""{"pattern":"^a$"}""", "\"a\"", "\"a\\n\"")]
    [InlineData("""{"pattern":"^\\d\\w[\\d]$"}""", "\"1a2\"", "\"٣a2\"")]
    [InlineData("""{"additionalProperties":{"type":"number"}}""", """{"x":1}""", """{"x":"1"}""")]
    [InlineData("""{"anyOf":[{"type":"string"},{"minimum":5}]}""", "5", "4")]
    [InlineData("""{"oneOf":[{"minimum":5},{"maximum":7}]}""", "8", "6")]
    [InlineData("""{"allOf":[{"minimum":5},{"maximum":7}]}""", "6", "8")]
    [InlineData("""{"not":{"const":"prod"}}""", "\"test\"", "\"prod\"")]
    [InlineData("""{"type":"string","format":"uuid","title":"t","description":"d","$schema":"s"}""", "\"any\"", "1")]
    [InlineData("""{"pattern":"^(a+)+$"}""", "\"aaaaaaaaaa\"", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"")]
    public void AKeywordTakesWhatFitsAndReportsWhatDoesNot(string schema, string fits, string breaks)
    {
        Assert.Empty(Violations(schema, fits));
        Assert.NotEmpty(Violations(schema, breaks));
    }

    [Theory]
    [InlineData("""{"$ref":"#"}""", "$ref")]
    [InlineData("""{"properties":{"a":{"multipleOf":2}}}""", "multipleOf")]
    [InlineData("""{"if":{},"then":{}}""", "if")]
    [InlineData("""{"items":{"unevaluatedProperties":false}}""", "unevaluatedProperties")]
    [InlineData("""{"patternProperties":{}}""", "patternProperties")]
    [InlineData("""{"Type":"string"}""", "Type")]
    public void AKeywordThatWouldNotBeEnforcedIsRefusedByName(string schema, string keyword) =>
        Assert.Contains($"'{keyword}' is not supported", Refused(schema).Message, StringComparison.Ordinal);

    [Fact]
    public void ARefusalSaysWhere() => Assert.Equal("properties.a.items", Refused("""{"properties":{"a":{"items":{"contains":{}}}}}""").Path);

    [Theory]
    [InlineData("5")]
    [InlineData("""{"type":"float"}""")]
    [InlineData("""{"type":5}""")]
    [InlineData("""{"required":"a"}""")]
    [InlineData("""{"minLength":-1}""")]
    [InlineData("""{"minItems":1.5}""")]
    [InlineData("""{"minimum":"1"}""")]
    [InlineData("""{"enum":[]}""")]
    [InlineData("""{"enum":[1],"const":2}""")]
    [InlineData("""{"anyOf":[]}""")]
    [InlineData("""{"pattern":"("}""")]
    [InlineData("""{"pattern":"(a)\\1"}""")]
    [InlineData("""{"pattern":"(?=a)"}""")]
    [InlineData("""{"properties":{"a":{},"a":{}}}""")]
    [InlineData("""{"type":"string","default":5}""")]
    [InlineData("""{"default":9007199254740993}""")]
    public void ASchemaThatMakesNoSenseIsRefused(string schema) => Refused(schema);

    [Fact]
    public void ASchemaNestedTooDeepIsRefused()
    {
        var text = string.Concat(Enumerable.Repeat("""{"items":""", 100)) + "true" + new string('}', 100);
        Assert.Throws<JsonRefusedException>(() => JsonSchema.Load(JsonDocument.Parse(text, new() { MaxDepth = 200 }).RootElement));
    }

    [Fact]
    public void DefaultsOfMissingOptionalPropertiesAreFilledInAtEveryLevel() => Assert.Equal(
        """{"list":[{"n":1},{"n":2}],"map":{"k":{"n":1}},"o":{"n":1}}""",
        Filled("""
            {"properties":{
              "o":{"properties":{"n":{"default":1}},"default":{}},
              "list":{"items":{"properties":{"n":{"default":1}}}},
              "map":{"additionalProperties":{"properties":{"n":{"default":1}}}}}}
            """, """{"list":[{},{"n":2}],"map":{"k":{}}}"""));

    [Fact]
    public void AValueThatWasGivenIsNeverReplacedByADefault() =>
        Assert.Equal("""{"a":null}""", Filled("""{"properties":{"a":{"default":1}}}""", """{"a":null}"""));

    [Fact]
    public void AMissingRequiredPropertyIsNotFilledIn() =>
        Assert.Equal("{}", Filled("""{"required":["a"],"properties":{"a":{"default":1}}}""", "{}"));

    [Fact]
    public void APathLeadsToThePropertysSchema()
    {
        var schema = Load("""{"properties":{"customer":{"properties":{"age":{"type":["integer","null"]}}}}}""");
        Assert.Equal(JsonTypes.Integer | JsonTypes.Null, schema.At("customer.age")?.Types);
        Assert.Null(schema.At("customer.name"));
        Assert.Null(schema.At(""));
    }

    [Fact]
    public void TheTypesOfAnEnumAreThoseOfItsValues() => Assert.Equal(JsonTypes.String, Load("""{"enum":["a","b"]}""").Types);

    private static JsonSchema Load(string schema) => JsonSchema.Load(CanonicalJson.Parse(schema));

    private static JsonRefusedException Refused(string schema) =>
        Assert.Throws<JsonRefusedException>(() => JsonSchema.Load(JsonDocument.Parse(schema).RootElement));

    private static IReadOnlyList<string> Violations(string schema, string value) =>
        Load(schema).Validate(JsonDocument.Parse(value).RootElement);

    private static string Filled(string schema, string value)
    {
        var loaded = Load(schema);
        var once = loaded.FillDefaults(CanonicalJson.Parse(value));
        Assert.Equal(CanonicalJson.Write(once), CanonicalJson.Write(loaded.FillDefaults(once)));
        return CanonicalJson.Write(once);
    }
}

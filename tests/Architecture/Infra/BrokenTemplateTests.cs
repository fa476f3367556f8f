using System.Text.RegularExpressions;

namespace Holdfast.Architecture.Infra;

/// <summary>Each rule of <see cref="TemplateCheck"/>, broken once: it says so, and where.</summary>
public sealed class BrokenTemplateTests
{
    private const string List = """
        {"resources": {
          "Microsoft.Test/things@2026-01-01": {"source": "x", "required": ["name", "sku.name"],
            "set": {"name": "string", "sku.name": "'Small' | 'Large' | string", "properties.count": "int", "properties.tags[]": "string", "properties.on": "bool", "tags.*": "string"},
            "read": {"id": "string", "properties.address": "string"}},
          "Microsoft.Test/things/parts@2026-01-01": {"source": "x", "required": ["name"], "set": {"name": "string"}},
          "Microsoft.Authorization/roleAssignments@2022-04-01": {"source": "x", "required": ["name"], "set": {"name": "string", "properties.roleDefinitionId": "string"}}
        }}
        """;

    private const string Thing = """
        import { nameOf } from 'names.bicep'
        param environmentName string
        resource thing 'Microsoft.Test/things@2026-01-01' = {
          name: nameOf(environmentName)
          sku: { name: 'Small' }
        }
        """;

    private const string Names = "@export()\nfunc nameOf(environment string) string => toLower('thing-${environment}')";

    [Theory]
    [InlineData("param a string = 'x", "A text does not end.")]
    [InlineData("var a = '${b'", "A text does not end.")]
    [InlineData("var a = [1, 2", "[ is not closed.")]
    [InlineData("var a = {\n  b: 1\n", "{ is not closed.")]
    [InlineData("var a = (1]", "] closes (.")]
    [InlineData("var a = 1)", ") closes nothing.")]
    [InlineData("/* never", "A comment does not end.")]
    [InlineData("var a = 1 ; 2", "';' is no sign of Bicep.")]
    [InlineData("var a = \"x\"", "'\"' is no sign of Bicep.")]
    [InlineData("var a 1", "Here should stand '=', not '1'.")]
    [InlineData("variable a = 1", "'variable' begins nothing that is known here.")]
    [InlineData("var a = { b 1 }", "Here should stand ':', not '1'.")]
    [InlineData("var a = 1 2", "Here should stand a new line, not '2'.")]
    [InlineData("var a = [for b on c: b]", "Here should stand 'in', not 'c'.")]
    public void WhatIsNotBicepIsRefusedWithItsPlace(string text, string fact) =>
        Assert.Matches($@"^x\.bicep:\d+ {Regex.Escape(fact)}$", Assert.Throws<BicepException>(() => Template.Read("x.bicep", text)).Message);

    [Fact]
    public void AThingThatIsRightPassesEveryRule()
    {
        var check = Of(Thing + "\noutput address string = thing.properties.address\nresource part 'Microsoft.Test/things/parts@2026-01-01' = {\n  parent: thing\n  name: 'a'\n}"
            + "\nresource other 'Microsoft.Test/things@2026-01-01' existing = {\n  name: 'thing-2'\n}\noutput other string = other.id");
        string[] found = [.. check.AgainstTheReference(), .. check.Undeclared(), .. check.Unread(), .. check.MissingMembers(), .. check.ModuleParams(), .. check.Secrets(), .. check.Names()];
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("things@2026-01-01", "things@2025-01-01", "Microsoft.Test/things@2025-01-01 is not in resources.json")]
    [InlineData("things@2026-01-01", "thinks@2026-01-01", "Microsoft.Test/thinks@2026-01-01 is not in resources.json")]
    [InlineData("sku: { name: 'Small' }", "sku: { nam: 'Small' }", "sku.nam is not in resources.json")]
    [InlineData("sku: { name: 'Small' }", "sku: { nam: 'Small' }", "sku.name is required and not given.")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Smal' }", "sku.name is 'Smal'. The published values are 'Small' | 'Large' | string.")]
    [InlineData("sku: { name: 'Small' }", "sku: environmentName == 'prod' ? { name: 'Large' } : { nam: 'Small' }", "sku.nam is not in resources.json")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Small' }\n  properties: { count: '1' }", "properties.count is given a value of kind string; the reference says int.")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Small' }\n  properties: { count: environmentName }", "properties.count is given a value of kind string; the reference says int.")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Small' }\n  properties: { on: 'true' }", "properties.on is given a value of kind string; the reference says bool.")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Small' }\n  properties: { tags: 'a' }", "properties.tags is given a value of kind string; the reference says array.")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Small' }\n  properties: { tags: [{ a: 'b' }] }", "properties.tags[] is given a value of kind object; the reference says string.")]
    [InlineData("sku: { name: 'Small' }", "sku: { name: 'Small' }\n  tags: union({ a: 'b' }, { c: 1 })", "tags.* is given a value of kind int; the reference says string.")]
    [InlineData("  sku: { name: 'Small' }", "  sku: { name: 'Small' }\n}\nresource part 'Microsoft.Test/things/parts@2026-01-01' = {\n  name: 'a'", "parts stands in something. Give 'parent'.")]
    [InlineData("  sku: { name: 'Small' }", "  sku: { name: 'Small' }\n}\nresource part 'Microsoft.Test/things/parts@2026-01-01' = {\n  name: 'a'\n  parent: part", "which is no Microsoft.Test/things.")]
    public void WhatThePublishedReferenceHasNotIsFound(string right, string wrong, string fact) =>
        Assert.Contains(Of(Thing.Replace(right, wrong, StringComparison.Ordinal)).AgainstTheReference(), found => found.Contains(fact, StringComparison.Ordinal));

    [Fact]
    public void AnEntryThatNobodyUsesIsFound() => Assert.Contains("resources.json: nobody uses Microsoft.Test/things/parts@2026-01-01.", Of(Thing).ListedInVain());

    [Theory]
    [InlineData("var a = missing", "main.bicep:1 missing is not declared.")]
    [InlineData("var a = 'x${missing}'", "main.bicep:1 missing is not declared.")]
    [InlineData("var a = [for b in []: c]", "main.bicep:1 c is not declared.")]
    [InlineData("var a = [for b in b: b]", "main.bicep:1 b is not declared.")]
    [InlineData("var a = map([], b => c)", "main.bicep:1 c is not declared.")]
    [InlineData("var a = toLowr('x')", "main.bicep:1 toLowr is not declared, and no function that is known here.")]
    [InlineData("var a = toLower", "main.bicep:1 toLower is not declared.")]
    [InlineData("param a string\nvar a = 1", "main.bicep: a is declared 2 times.")]
    [InlineData("extension missing", "main.bicep:1 bicepconfig.json has no extension missing.")]
    [InlineData("import { other } from 'names.bicep'", "main.bicep: names.bicep exports no other.")]
    public void ANameThatStandsForNothingIsFound(string text, string fact) => Assert.Contains(fact, Of(text).Undeclared());

    [Theory]
    [InlineData("param a string", "main.bicep: nobody reads a.")]
    [InlineData("var a = 'a'", "main.bicep: nobody reads a.")]
    [InlineData("import { nameOf } from 'names.bicep'", "main.bicep: nobody reads nameOf.")]
    public void WhatNobodyReadsIsFound(string text, string fact) => Assert.Contains(fact, Of(text).Unread());

    [Theory]
    [InlineData("module inner 'inner.bicep' = { params: { a: 'x' } }\noutput o string = inner.outputs.missing", "main.bicep:2 inner has no outputs.missing.")]
    [InlineData("module inner 'inner.bicep' = { params: { a: 'x' } }\nvar o = '${inner.id}'", "main.bicep:2 inner has no id.")]
    [InlineData(Thing + "\noutput o string = thing.properties.adress", "thing has no properties.adress.")]
    [InlineData("var roles = loadJsonContent('roles.json')\nvar o = roles.missing.id", "main.bicep:2 roles has no missing.id.")]
    [InlineData("var table = { a: 1 }\nvar o = table.b", "main.bicep:2 table has no b.")]
    [InlineData("var table = { a: { c: 1 }, b: {} }\nvar row = table['a']\nvar o = row.c", "main.bicep:3 row has no c.")]
    public void AMemberThatIsNotThereIsFound(string text, string fact) => Assert.Contains(Of(text).MissingMembers(), found => found.EndsWith(fact, StringComparison.Ordinal));

    [Theory]
    [InlineData("module inner 'inner.bicep' = { params: {} }", "main.bicep:1 inner: a is not given.")]
    [InlineData("module inner 'inner.bicep' = {\n  name: 'x'\n}", "main.bicep:1 inner: a is not given.")]
    [InlineData("module inner 'inner.bicep' = { params: { a: 'x', b: 1 } }", "main.bicep:1 inner: inner.bicep has no param b.")]
    [InlineData("module inner 'inner.bicep' = { params: { a: 1 } }", "main.bicep:1 inner: a is given a value of kind int, and is string.")]
    [InlineData("param c bool\nmodule inner 'inner.bicep' = if (c) { params: { a: c } }", "main.bicep:2 inner: a is given a value of kind bool, and is string.")]
    [InlineData("module one 'choice.bicep' = { params: { size: 'huge' } }", "main.bicep:1 one: size may be huge; allowed is small, large.")]
    [InlineData("param s string\nmodule one 'choice.bicep' = { params: { size: s } }", "main.bicep:2 one: size may be anything; allowed is small, large.")]
    [InlineData("@allowed(['small', 'huge'])\nparam s string\nmodule one 'choice.bicep' = { params: { size: s } }", "main.bicep:3 one: size may be small, huge; allowed is small, large.")]
    [InlineData("var t = { a: { s: 'small' }, b: { s: 'huge' } }\nvar r = t['a']\nmodule one 'choice.bicep' = { params: { size: r.s } }", "main.bicep:3 one: size may be small, huge; allowed is small, large.")]
    [InlineData("module one 'count.bicep' = { params: { count: 4 } }", "main.bicep:1 one: count may be 4 to 4; allowed is 1 to 3.")]
    [InlineData("param c int\nmodule one 'count.bicep' = { params: { count: c } }", "main.bicep:2 one: count may be any to any; allowed is 1 to 3.")]
    [InlineData("@minValue(0)\n@maxValue(3)\nparam c int\nmodule one 'count.bicep' = { params: { count: c } }", "main.bicep:4 one: count may be 0 to 3; allowed is 1 to 3.")]
    [InlineData("module inner 'missing.bicep' = { params: {} }", "main.bicep:1 inner: there is no missing.bicep.")]
    public void AModuleThatIsGivenWrongThingsIsFound(string text, string fact) => Assert.Contains(fact, Of(text).ModuleParams());

    [Theory]
    [InlineData("using 'main.bicep'", "main.bicepparam: environmentName is not given.")]
    [InlineData("using 'main.bicep'\nparam environmentName = 1", "main.bicepparam: environmentName is given a value of kind int, and is string.")]
    [InlineData("using 'main.bicep'\nparam environmentName = 'x'\nparam other = 'x'", "main.bicepparam: main.bicep has no param other.")]
    [InlineData("using 'missing.bicep'", "main.bicepparam: there is no missing.bicep.")]
    [InlineData("param environmentName = 'x'", "main.bicepparam: it does not say which template it is for ('using').")]
    public void AParameterFileThatDoesNotFitIsFound(string text, string fact) => Assert.Contains(fact, Of(Thing, ("main.bicepparam", text)).ParameterFiles());

    [Theory]
    [InlineData(Thing + "\noutput key string = thing.listKeys().keys[0].value", "listKeys fetches keys.")]
    [InlineData("var a = listKeys('x', '2026-01-01')", "main.bicep:1 listKeys fetches keys.")]
    [InlineData("var a = 'Endpoint=x;AccountKey=${a}'", "main.bicep:1 a text with a key in it.")]
    [InlineData("@secure()\nparam a string\noutput b string = 'x${a}'", "main.bicep:3 b gives a secret out.")]
    public void AKeyOrASecretThatLeavesIsFound(string text, string fact) => Assert.Contains(Of(text).Secrets(), found => found.EndsWith(fact, StringComparison.Ordinal));

    [Theory]
    [InlineData("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.missing.id)", "thing", "its role is none of roles.json.")]
    [InlineData("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '8e3af657-a8ff-443c-a75c-2fe8c4bcb635')", "thing", "its role is none of roles.json.")]
    [InlineData("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader.id)", "group()", "it is not bound to one resource. Give 'scope'.")]
    [InlineData("'x'", "thing", "roles.json: nobody uses reader.")]
    public void ARoleThatIsNotListedOrNotBoundIsFound(string role, string scope, string fact) => Assert.Contains(
        Of($"{Thing}\nvar roles = loadJsonContent('roles.json')\nresource may 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{\n  name: guid('x')\n  scope: {scope}\n  properties: {{ roleDefinitionId: {role} }}\n}}").Roles(),
        found => found.EndsWith(fact, StringComparison.Ordinal));

    [Theory]
    [InlineData("nameOf(environmentName)", "'thing-1'")]
    [InlineData("nameOf(environmentName)", "toLower(environmentName)")]
    [InlineData("import { nameOf }", "module again 'main.bicep' = {\n  params: { environmentName: 'x' }\n}\nimport { nameOf }", "nameOf(environmentName)", "environmentName")]
    public void ANameThatIsNotMadeByTheRuleIsFound(string right, string wrong, string alsoRight = "#", string alsoWrong = "#") => Assert.Contains(
        Of(Thing.Replace(right, wrong, StringComparison.Ordinal).Replace(alsoRight, alsoWrong, StringComparison.Ordinal)).Names(),
        found => found.EndsWith("thing: its name is not made by names.bicep.", StringComparison.Ordinal));

    private static TemplateCheck Of(string main, params IEnumerable<(string File, string Text)> others) => new(others
        .Concat([("main.bicep", main), ("names.bicep", Names), ("inner.bicep", "param a string\noutput b string = a"), ("choice.bicep", "@allowed(['small', 'large'])\nparam size string\noutput chosen string = size"),
            ("count.bicep", "@minValue(1)\n@maxValue(3)\nparam count int\noutput chosen int = count"), ("resources.json", List), ("roles.json", """{"reader": {"id": "x"}}""")])
        .ToDictionary(file => file.Item1, file => file.Item2));
}

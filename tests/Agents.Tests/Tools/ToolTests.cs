using System.ComponentModel;
using System.Text.Json;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Tools;

public sealed class ToolTests
{
    private static readonly ToolContext Context = new("acme", "run-1", "desk", "anna", "key-1", 1);
    private static readonly Toolbox Tools = Toolbox.From(new Bench());

    public enum Speed { Slow, VeryFast }

    public sealed record Line(string Sku, int Count = 1, Speed? Speed = null);

    [Fact]
    public void TheSchemaSaysWhatIsRequiredAndWhatIsFilledIn()
    {
        var schema = Tool("order").Parameters;
        Assert.Equal("""
            {"additionalProperties":false,"properties":{
            "gift":{"default":false,"description":"Wrap it?","type":"boolean"},
            "lines":{"description":"What.","items":{"additionalProperties":false,"properties":{
            "count":{"default":1,"type":"integer"},
            "sku":{"type":"string"},
            "speed":{"default":null,"enum":["slow","veryFast",null],"type":["string","null"]}},"required":["sku"],"type":"object"},"type":"array"},
            "note":{"description":"For whom.","type":["string","null"]},
            "speed":{"default":"veryFast","description":"How.","enum":["slow","veryFast"],"type":"string"}},
            "required":["lines"],"type":"object"}
            """.ReplaceLineEndings(""), CanonicalJson.Write(schema));
    }

    [Fact]
    public void ArgumentsAreCanonicalAndHaveTheirDefaults() => Assert.Equal(
        """{"gift":false,"lines":[{"count":2,"sku":"A","speed":null}],"speed":"veryFast"}""",
        Read("order", """{"lines": [{"sku": "A", "count": 2.0}]}""").Canonical);

    [Fact]
    public void ReadingCanonicalArgumentsAgainChangesNothing()
    {
        var once = Read("order", """{"lines":[{"sku":"A"}],"note":"n"}""").Canonical;
        Assert.Equal(once, Read("order", once!).Canonical);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("{}")]
    public void NoTextAtAllStandsForNoArguments(string text) => Assert.Equal("{}", Read("nothing", text).Canonical);

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"lines\"")]
    [InlineData("""{"lines":"A"}""")]
    [InlineData("""{"lines":[{"sku":"A","count":"2"}]}""")]
    [InlineData("""{"lines":[{"sku":"A","count":1.5}]}""")]
    [InlineData("""{"lines":[{"sku":"A","count":3000000000}]}""")]
    [InlineData("""{"lines":[{"sku":"A","count":9007199254740993}]}""")]
    [InlineData("""{"lines":[{"sku":null}]}""")]
    [InlineData("""{"lines":[{"sku":"A","Count":2}]}""")]
    [InlineData("""{"lines":[null]}""")]
    [InlineData("""{"lines":[],"lines":[]}""")]
    [InlineData("""{"lines":[],"speed":1}""")]
    [InlineData("""{"lines":[],"speed":"VeryFast"}""")]
    [InlineData("""{"lines":[],"gift":"true"}""")]
    [InlineData("""{"lines":[],"context":{}}""")]
    [InlineData("""{"lines":[{"sku":"\ud800"}]}""")]
    [InlineData("{\"lines\":[{\"\ud800\":1}]}")]
    public void ArgumentsThatDoNotFitAreAnErrorForTheModel(string text)
    {
        var (canonical, error) = Read("order", text);
        Assert.Null(canonical);
        Assert.StartsWith("The arguments of order were refused. ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void AValueThatFitsTheSchemaButNotTheTypeIsRefusedBeforeAnythingRuns() =>
        Assert.Contains("id: ", Read("by_id", """{"id":"no uuid"}""").Error, StringComparison.Ordinal);

    [Fact]
    public void DeeplyNestedArgumentsAreAnErrorForTheModel() =>
        Assert.NotNull(Read("order", new string('[', 1_000_000)).Error);

    [Fact]
    public void ADefaultThatNestsTheArgumentsTooDeepIsAnErrorForTheModel()
    {
        var deep = new string('[', 60) + new string(']', 60);
        var schema = """{"properties":{"a":{"default":DEEP}}}""".Replace("DEEP", deep, StringComparison.Ordinal);
        var arguments = "{}";
        for (var i = 0; i < 10; i++)
        {
            schema = "{\"type\":\"object\",\"additionalProperties\":" + schema + "}";
            arguments = "{\"x\":" + arguments + "}";
        }

        var parameters = JsonDocument.Parse(schema, new() { MaxDepth = 100 }).RootElement;
        var tool = new Tool("a", "d", parameters, (given, _, _) => Task.FromResult(given));
        Assert.Contains("nested over 64 levels", ToolArguments.Read(arguments, tool).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("value", "\"value\"")]
    [InlineData("task", "\"task\"")]
    [InlineData("value_task", "\"valueTask\"")]
    [InlineData("nothing", "null")]
    [InlineData("plain_task", "null")]
    [InlineData("plain_value_task", "null")]
    [InlineData("async_task", "null")]
    [InlineData("shape", """{"firstName":"A","speed":"veryFast"}""")]
    public async Task WhateverAMethodReturnsBecomesJson(string tool, string expected) =>
        Assert.Equal(expected, CanonicalJson.Write(await Invoke(tool, "{}")));

    [Fact]
    public async Task AMethodMayAskForTheContextAndTheToken()
    {
        using var source = new CancellationTokenSource();
        var result = await Tool("context").InvokeAsync(Parse("{}"), Context, source.Token);
        Assert.Equal("\"acme key-1 True\"", result.GetRawText());
    }

    [Fact]
    public async Task ArgumentsReachTheMethodAsItsOwnTypes()
    {
        var result = await Invoke("order", Read("order", """{"lines":[{"sku":"A","speed":"slow"}],"gift":true}""").Canonical!);
        Assert.Equal("\"1 x A Slow, VeryFast, True, none\"", result.GetRawText());
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("refuses_later")]
    public async Task ADeclarationThatNothingHappenedArrivesAsItself(string tool) =>
        Assert.Equal("no such order", (await Assert.ThrowsAsync<NotDoneException>(() => Invoke(tool, "{}"))).Message);

    [Fact]
    public async Task AToolsOwnExceptionIsNotWrapped() => await Assert.ThrowsAsync<TimeoutException>(() => Invoke("breaks", "{}"));

    [Theory]
    [InlineData("too_large")]
    [InlineData("not_json")]
    [InlineData("throws_while_written")]
    [InlineData("too_deep")]
    public async Task AResultThatCannotBeTakenSaysThatTheToolHasActed(string tool) =>
        Assert.Contains("was called, but its result", (await Assert.ThrowsAsync<ToolResultException>(() => Invoke(tool, "{}"))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task ArgumentsThatDoNotFitNeverReachTheMethod() =>
        await Assert.ThrowsAsync<NotDoneException>(() => Invoke("breaks", """{"x":1}"""));

    [Fact]
    public void AToolMadeByHandIsHeldToTheSameRules()
    {
        Assert.Throws<ToolRefusedException>(() => new Tool("a b", "d", Parse("""{"type":"object"}"""), Act));
        Assert.Throws<ToolRefusedException>(() => new Tool("a", " ", Parse("""{"type":"object"}"""), Act));
        Assert.Throws<ToolRefusedException>(() => new Tool("a", "d", Parse("""{"type":"array"}"""), Act));
        Assert.Throws<ToolRefusedException>(() => new Tool("a", "d", Parse("""{"type":"object","$ref":"#"}"""), Act));

        static Task<JsonElement> Act(JsonElement arguments, ToolContext context, CancellationToken cancellation) => Task.FromResult(arguments);
    }

    private static Tool Tool(string name) => Tools.TryFind(name, out var tool) ? tool : throw new ArgumentException(name);

    private static ToolArguments Read(string tool, string text) => ToolArguments.Read(text, Tool(tool));

    private static JsonElement Parse(string text) => CanonicalJson.Parse(text);

    private static Task<JsonElement> Invoke(string tool, string arguments) => Tool(tool).InvokeAsync(Parse(arguments), Context, CancellationToken.None);

    private sealed record Shape(string FirstName, Speed Speed);

    private sealed class Bench
    {
        [Tool("order"), Description("Orders.")]
        public string Order(
            [Description("What.")] IReadOnlyList<Line> lines, [Description("For whom.")] string? note, ToolContext context,
            [Description("How.")] Speed speed = Speed.VeryFast, [Description("Wrap it?")] bool gift = false) =>
            $"{lines[0].Count} x {lines[0].Sku} {lines[0].Speed}, {speed}, {gift}, {note ?? "none"}";

        [Tool("by_id"), Description("d")] public Guid ById([Description("d")] Guid id) => id;

        [Tool("value"), Description("d")] public string Value() => "value";

        [Tool("task"), Description("d")]
        public async Task<string> TaskOf()
        {
            await Task.Yield();
            return "task";
        }

        [Tool("value_task"), Description("d")] public ValueTask<string> ValueTaskOf() => new("valueTask");

        [Tool("nothing"), Description("d")] public void Nothing() { }

        [Tool("plain_task"), Description("d")] public Task PlainTask() => Task.CompletedTask;

        [Tool("plain_value_task"), Description("d")] public ValueTask PlainValueTask() => default;

        [Tool("async_task"), Description("d")] public async Task AsyncTask() => await Task.Yield();

        [Tool("shape"), Description("d")] public Shape ShapeOf() => new("A", Speed.VeryFast);

        [Tool("context"), Description("d")]
        public string ContextOf(ToolContext context, CancellationToken cancellation) => $"{context.Tenant} {context.IdempotencyKey} {cancellation.CanBeCanceled}";

        [Tool("refuses"), Description("d")] public void Refuses() => throw new NotDoneException("no such order");

        [Tool("refuses_later"), Description("d")]
        public async Task RefusesLater()
        {
            await Task.Yield();
            throw new NotDoneException("no such order");
        }

        [Tool("breaks"), Description("d")] public void Breaks() => throw new TimeoutException();

        [Tool("too_large", ResultLimit = 10), Description("d")] public string TooLarge() => new('a', 9);

        [Tool("not_json"), Description("d")] public double NotJson() => double.NaN;

        [Tool("throws_while_written"), Description("d")]
        public IEnumerable<int> ThrowsWhileWritten()
        {
            yield return 1;
            throw new TimeoutException();
        }

        [Tool("too_deep"), Description("d")]
        public object TooDeep()
        {
            object value = 1;
            for (var i = 0; i < 100; i++)
            {
                value = new StrongBox(value);
            }

            return value;
        }
    }

    private sealed record StrongBox(object Value);
}

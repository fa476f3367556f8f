using System.Text.Json;
using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

public sealed class EnvelopeTests
{
    [Fact]
    public void AnActivityGetsItsStepAndKeyWithItsInput() =>
        Assert.Equal($$$"""{"instance":"i","step":7,"key":"{{{StepKey.Of("i", 7)}}}","input":{"a":[1,"\u0022"]}}""",
            Json.Write(ActivityEnvelope.Of("i", 7, """{"a":[1,"\u0022"]}""")));

    [Theory]
    [InlineData(null)]
    [InlineData("\"text\"")]
    [InlineData("{\"a\": 1.0}")]
    [InlineData("[null]")]
    public void JsonPassesThroughAnothersSerializerAsItIs(string? text)
    {
        Assert.Equal(new RawJson(text), Json.Read<RawJson>(Json.Write(new RawJson(text))));
        Assert.Equal(text, InstanceEnvelope.Unwrapped(Json.Write(InstanceEnvelope.Of(text))));
    }

    [Theory]
    [InlineData(JsonSerializerDefaults.General)]
    [InlineData(JsonSerializerDefaults.Web)]
    public void TheFormDoesNotDependOnTheOthersOptions(JsonSerializerDefaults defaults)
    {
        var options = new JsonSerializerOptions(defaults) { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseUpper };
        var json = JsonSerializer.Serialize(InstanceEnvelope.Of("1") with { Steps = 3, Held = [new HeldEvent("go", new RawJson("2"))] }, options);
        Assert.Equal("""{"holdfast":1,"input":1,"steps":3,"held":[{"name":"go","payload":2}]}""", json);
        Assert.Equal(3, JsonSerializer.Deserialize<InstanceEnvelope>(json, options)!.Steps);
    }

    [Fact]
    public async Task TheKeySentIsTheKeyUsedAlsoIfItWouldBeDerivedOtherwiseNow()
    {
        var registry = TestRegistry.New().Activity<int, string>("key", (context, input) => $"{context.Name} {context.Step} {context.IdempotencyKey} {input}");
        var answer = await new ActivityEnvelope("i", 2, "as it was sent", new RawJson("5")).RunAsync(registry.Activities["key"], CancellationToken.None);
        Assert.Equal("\"key 2 as it was sent 5\"", answer.Text);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("{}")]
    [InlineData("""{"step":0,"key":"k","instance":"i"}""")]
    public async Task AnActivityThatIsCalledWithoutAStepSaysWhoMayCallIt(string input)
    {
        var registry = TestRegistry.New().Activity<int, int>("act", (_, n) => n);
        var envelope = input == "5" ? new ActivityEnvelope("", 0, "", default) : Json.Read<ActivityEnvelope>(input);
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => envelope.RunAsync(registry.Activities["act"], CancellationToken.None));
        Assert.Contains("'act' was called without a step", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnInputThatIsNoEnvelopeOrANewerOneIsRefusedByName()
    {
        Assert.Contains("'i' was not started by Holdfast's client", Assert.Throws<ArgumentException>(() => InstanceEnvelope.Checked(null, "i")).Message, StringComparison.Ordinal);
        Assert.Contains("'i' was not started", Assert.Throws<ArgumentException>(() => InstanceEnvelope.Checked(Json.Read<InstanceEnvelope>("{}"), "i")).Message, StringComparison.Ordinal);
        Assert.Contains("format 2", Assert.Throws<ArgumentException>(() => InstanceEnvelope.Checked(new InstanceEnvelope(2, default), "i")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ThePayloadLimitLeavesRoomForTheLargestEnvelope()
    {
        var input = new string('x', ForeignPayloads.Limit - 2);
        var id = new string('x', InstanceIds.MaxLength);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(Json.Write(ActivityEnvelope.Of(id, long.MaxValue, $"\"{input}\""))), ForeignPayloads.Limit, ForeignPayloads.Largest);
        Assert.InRange(Json.Write(InstanceEnvelope.Of($"\"{input}\"") with { Steps = long.MaxValue }).Length, ForeignPayloads.Limit, ForeignPayloads.Largest);
    }
}

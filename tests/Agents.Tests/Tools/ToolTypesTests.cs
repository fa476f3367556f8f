using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Tools;

/// <summary>Every type that people put into a tool's signature has a schema within what is enforced, and comes through whole.</summary>
public sealed class ToolTypesTests
{
    private static readonly ToolContext Context = new("t", "r", "a", "p", "k", 1);
    private static readonly Toolbox Tools = Toolbox.From(new Types());

    [JsonPolymorphic(TypeDiscriminatorPropertyName = "kind"), JsonDerivedType(typeof(Card), "card"), JsonDerivedType(typeof(Cash), "cash")]
    public abstract record Payment;

    public sealed record Card(string Number) : Payment;

    public sealed record Cash : Payment;

    [Theory]
    [InlineData("guid", "\"0f8fad5b-d9cb-469f-a165-70867728950e\"", "\"x\"")]
    [InlineData("instant", "\"2026-01-02T03:04:05+00:00\"", "\"yesterday\"")]
    [InlineData("date", "\"2026-01-02\"", "\"2026-13-02\"")]
    [InlineData("span", "\"01:02:03\"", "\"1 hour\"")]
    [InlineData("uri", "\"https://example.com/a\"", "5")]
    [InlineData("bytes", "\"AQID\"", "\"?\"")]
    [InlineData("money", "12.5", "\"12.5\"")]
    [InlineData("large", "9007199254740992", "1.5")]
    [InlineData("small", "255", "256")]
    [InlineData("letter", "\"a\"", "\"ab\"")]
    [InlineData("any", "{\"a\":[1,null]}", null)]
    [InlineData("map", "{\"a\":1}", "{\"a\":\"1\"}")]
    [InlineData("maybe", "null", "\"1\"")]
    [InlineData("maybe_day", "\"monday\"", "1")]
    [InlineData("maybe_list", "null", "[null]")]
    [InlineData("ranged", "5", "11")]
    [InlineData("flags", "\"private, untrusted\"", "3")]
    [InlineData("payment", "{\"kind\":\"card\",\"number\":\"1\"}", "{\"kind\":\"cheque\"}")]
    public async Task AValueComesThroughAndOneThatDoesNotFitIsRefused(string name, string fits, string? breaks)
    {
        Assert.True(Tools.TryFind(name, out var tool));
        var (canonical, error) = ToolArguments.Read($$"""{"value":{{fits}}}""", tool);
        Assert.Null(error);
        Assert.Equal(fits, CanonicalJson.Write(await tool.InvokeAsync(CanonicalJson.Parse(canonical!), Context, CancellationToken.None)));
        if (breaks is not null)
        {
            Assert.NotNull(ToolArguments.Read($$"""{"value":{{breaks}}}""", tool).Error);
        }
    }

    private sealed class Types
    {
        [Tool("guid"), Description("d")] public Guid A([Description("d")] Guid value) => value;
        [Tool("instant"), Description("d")] public DateTimeOffset B([Description("d")] DateTimeOffset value) => value;
        [Tool("date"), Description("d")] public DateOnly C([Description("d")] DateOnly value) => value;
        [Tool("span"), Description("d")] public TimeSpan D([Description("d")] TimeSpan value) => value;
        [Tool("uri"), Description("d")] public Uri E([Description("d")] Uri value) => value;
        [Tool("bytes"), Description("d")] public byte[] F([Description("d")] byte[] value) => value;
        [Tool("money"), Description("d")] public decimal G([Description("d")] decimal value) => value;
        [Tool("large"), Description("d")] public long H([Description("d")] long value) => value;
        [Tool("small"), Description("d")] public byte I([Description("d")] byte value) => value;
        [Tool("letter"), Description("d")] public char J([Description("d")] char value) => value;
        [Tool("any"), Description("d")] public JsonElement K([Description("d")] JsonElement value) => value;
        [Tool("map"), Description("d")] public Dictionary<string, int> L([Description("d")] Dictionary<string, int> value) => value;
        [Tool("maybe"), Description("d")] public int? M([Description("d")] int? value) => value;
        [Tool("maybe_day"), Description("d")] public DayOfWeek? N([Description("d")] DayOfWeek? value = DayOfWeek.Friday) => value;
        [Tool("maybe_list"), Description("d")] public IReadOnlyList<string>? O([Description("d")] IReadOnlyList<string>? value) => value;
        [Tool("ranged"), Description("d")] public int P([Description("d"), Range(1, 10)] int value) => value;
        [Tool("flags"), Description("d")] public Reads Q([Description("d")] Reads value) => value;
        [Tool("payment"), Description("d")] public Payment R([Description("d")] Payment value) => value;
    }
}

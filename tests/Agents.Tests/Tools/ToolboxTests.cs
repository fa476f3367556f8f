using System.ComponentModel;
using Holdfast.Agents.Tools;
using Xunit;

namespace Holdfast.Agents.Tests.Tools;

public sealed class ToolboxTests
{
    [Fact]
    public void MarkedMethodsAreFoundByNameAndListedInOrder()
    {
        var toolbox = Toolbox.From(new OrderDesk());
        Assert.Equal(["cancel_order", "lookup_order", "note"], toolbox.Names);
        Assert.True(toolbox.TryFind("lookup_order", out _));
        Assert.False(toolbox.TryFind("Lookup_Order", out _));
    }

    [Fact]
    public void WhatTheAttributeSaysIsOnTheTool()
    {
        Assert.True(Toolbox.From(new OrderDesk()).TryFind("cancel_order", out var tool));
        Assert.Equal("Cancels an order.", tool.Description);
        Assert.Equal(Effect.External, tool.Effect);
        Assert.Equal(Reads.Private | Reads.Untrusted, tool.Reads);
        Assert.True(tool.Idempotent);
        Assert.Equal(TimeSpan.FromMinutes(2), tool.Timeout);
        Assert.Equal(5, tool.Retries);
        Assert.Equal(100, tool.ResultLimit);
    }

    [Fact]
    public void WithoutMoreAToolIsWithoutEffectAndHasTheDocumentedLimits()
    {
        Assert.True(Toolbox.From(new OrderDesk()).TryFind("lookup_order", out var tool));
        Assert.Equal((Effect.None, Reads.Nothing, false), (tool.Effect, tool.Reads, tool.Idempotent));
        Assert.Equal((TimeSpan.FromSeconds(30), 3, 65536), (tool.Timeout, tool.Retries, tool.ResultLimit));
    }

    [Fact]
    public void AnInheritedToolIsOffered() => Assert.Equal(["cancel_order", "lookup_order", "note"], Toolbox.From(new BranchDesk()).Names);

    [Fact]
    public void TwoToolboxesCanBeJoinedUnlessANameIsInBoth()
    {
        var desk = Toolbox.From(new OrderDesk());
        Assert.Equal(4, desk.And(Toolbox.From(new Clock())).Names.Count);
        Assert.Contains("'cancel_order' is already registered", Assert.Throws<ToolRefusedException>(() => desk.And(desk)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(NoTools), "has no method marked with [Tool]")]
    [InlineData(typeof(SameNameTwice), "SameNameTwice.B: a tool named 'a' is already registered")]
    [InlineData(typeof(AsyncVoid), "AsyncVoid.Run: async void")]
    [InlineData(typeof(NotPublic), "NotPublic.Run: a tool must be a public method")]
    [InlineData(typeof(Generic), "Generic.Run: a tool must be a public method without type parameters")]
    [InlineData(typeof(NoDescription), "NoDescription.Run: the method has no description")]
    [InlineData(typeof(NoParameterDescription), "parameter 'text' has no description")]
    [InlineData(typeof(ByReference), "parameter 'text' of type String&")]
    [InlineData(typeof(TakesDelegate), "parameter 'then' of type Action")]
    [InlineData(typeof(TakesStream), "parameter 'file' of type MemoryStream")]
    [InlineData(typeof(TakesRecursiveType), "$ref")]
    [InlineData(typeof(ReturnsStreamOfValues), "cannot be written as one JSON value")]
    [InlineData(typeof(TooLong), "'2h' is out of range; write 1s to 1h")]
    [InlineData(typeof(NoUnit), "'30' has no unit")]
    [InlineData(typeof(TooManyRetries), "11 retries are out of range")]
    [InlineData(typeof(NoResult), "a result limit of 0 bytes")]
    [InlineData(typeof(BadName), "Tool name 'look up'")]
    [InlineData(typeof(BadEffect), "9 is no effect")]
    public void WhatCannotBeAToolIsRefusedWithItsPlaceAndTheFact(Type type, string expected)
    {
        var refused = Assert.Throws<ToolRefusedException>(() => Toolbox.From(Activator.CreateInstance(type)!));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.Contains(type.Name, refused.Message, StringComparison.Ordinal);
    }

    private class OrderDesk
    {
        [Tool("lookup_order"), Description("Finds an order.")]
        public string Lookup([Description("Its number.")] string order) => order;

        [Tool("cancel_order", Does = Effect.External, Reads = Reads.Private | Reads.Untrusted, Idempotent = true, Timeout = "2m", Retries = 5, ResultLimit = 100)]
        [Description("Cancels an order.")]
        public Task Cancel([Description("Its number.")] string order, ToolContext context, CancellationToken cancellation) => Task.CompletedTask;

        [Tool("note"), Description("Writes a note.")]
        public static void Note() { }

        public void Ordinary() { }
    }

    private sealed class BranchDesk : OrderDesk;

    private sealed class Clock
    {
        [Tool("time"), Description("d")] public int Run() => 1;
    }

    private sealed class NoTools;

    private sealed class SameNameTwice
    {
        [Tool("a"), Description("d")] public void A() { }
        [Tool("a"), Description("d")] public void B() { }
    }

    private sealed class AsyncVoid
    {
        [Tool("a"), Description("d")] public async void Run() => await Task.CompletedTask;
    }

    private sealed class NotPublic
    {
        [Tool("a"), Description("d")] internal void Run() { }
    }

    private sealed class Generic
    {
        [Tool("a"), Description("d")] public void Run<T>() { }
    }

    private sealed class NoDescription
    {
        [Tool("a")] public void Run() { }
    }

    private sealed class NoParameterDescription
    {
        [Tool("a"), Description("d")] public void Run(string text) { }
    }

    private sealed class ByReference
    {
        [Tool("a"), Description("d")] public void Run([Description("d")] ref string text) { }
    }

    private sealed class TakesDelegate
    {
        [Tool("a"), Description("d")] public void Run([Description("d")] Action then) { }
    }

    private sealed class TakesStream
    {
        [Tool("a"), Description("d")] public void Run([Description("d")] MemoryStream file) { }
    }

    private sealed record Branch(string Name, IReadOnlyList<Branch> Branches);

    private sealed class TakesRecursiveType
    {
        [Tool("a"), Description("d")] public void Run([Description("d")] Branch tree) { }
    }

    private sealed class ReturnsStreamOfValues
    {
        [Tool("a"), Description("d")] public IAsyncEnumerable<int> Run() => throw new NotSupportedException();
    }

    private sealed class TooLong
    {
        [Tool("a", Timeout = "2h"), Description("d")] public void Run() { }
    }

    private sealed class NoUnit
    {
        [Tool("a", Timeout = "30"), Description("d")] public void Run() { }
    }

    private sealed class TooManyRetries
    {
        [Tool("a", Retries = 11), Description("d")] public void Run() { }
    }

    private sealed class NoResult
    {
        [Tool("a", ResultLimit = 0), Description("d")] public void Run() { }
    }

    private sealed class BadName
    {
        [Tool("look up"), Description("d")] public void Run() { }
    }

    private sealed class BadEffect
    {
        [Tool("a", Does = (Effect)9), Description("d")] public void Run() { }
    }
}

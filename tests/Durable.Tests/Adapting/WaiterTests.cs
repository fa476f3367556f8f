using Holdfast.Durable.Adapting;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

public sealed class WaiterTests
{
    private readonly List<(string Name, TaskCompletionSource<RawJson> Event)> engine = [];

    [Fact]
    public async Task TheEngineHasOneWaiterOnANameHoweverOftenOursGivesUp()
    {
        var waiters = Waiters();
        foreach (var name in (string[])["go", "GO", "Go"])
        {
            using var giveUp = new CancellationTokenSource();
            var waiter = waiters.WaitAsync(name, giveUp.Token);
            giveUp.Cancel();
            await Assert.ThrowsAsync<TaskCanceledException>(() => waiter);
        }

        var only = Assert.Single(engine);
        Assert.Equal("go", only.Name);
        only.Event.SetResult(new RawJson("1"));
        Assert.Equal("1", await waiters.WaitAsync("gO", CancellationToken.None));
        _ = waiters.WaitAsync("go", CancellationToken.None);
        Assert.Equal(2, engine.Count);
    }

    [Fact]
    public void ASecondOpenWaiterIsRefusedWithTheInstanceAndTheName()
    {
        var waiters = Waiters();
        _ = waiters.WaitAsync("go", CancellationToken.None);
        var refused = Assert.Throws<InvalidOperationException>(() => { _ = waiters.WaitAsync("GO", CancellationToken.None); });
        Assert.Contains("Instance 'i' waits for event 'GO' already", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatEarlierGenerationsHeldComesFirstAndInOrder()
    {
        var waiters = Waiters(new HeldEvent("b", new RawJson("1")), new HeldEvent("a", new RawJson("2")), new HeldEvent("B", default));
        Assert.Equal("1", await waiters.WaitAsync("B", CancellationToken.None));
        Assert.Null(await waiters.WaitAsync("b", CancellationToken.None));
        Assert.Equal(["a"], waiters.Unread.Select(one => one.Name));
        Assert.Empty(engine);
    }

    private EventWaiters Waiters(params HeldEvent[] held) => new("i", Listen, held);

    private Task<RawJson> Listen(string name)
    {
        var one = new TaskCompletionSource<RawJson>();
        engine.Add((name, one));
        return one.Task;
    }
}

using Holdfast.Agents.Runs;
using Holdfast.Durable.Testing;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class UnderWayTests
{
    [Fact]
    public async Task WhatDoesNotEndIsWaitedForNoLongerThanThat()
    {
        var (underWay, time) = (new UnderWay(), new VirtualTime());
        using var endless = underWay.Enter();
        var over = underWay.WhenOverAsync(TimeSpan.FromSeconds(20), time);
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(over.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(1));
        await over.Patiently();
    }
}

using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Testing;
using Microsoft.Extensions.AI;
using Xunit;

namespace Holdfast.Agents.Tests.Runs;

public sealed class ModelFaultTests
{
    [Fact]
    public async Task RetryAfterIsHonoured()
    {
        var (desk, model, run) = await FailingAsync(1, () => new ModelException(ModelFault.Retry, "Busy.", TimeSpan.FromMinutes(10)));
        await using var owned = desk;
        var waiting = await desk.FindAsync(run);
        Assert.Equal(("waiting", "timer", "Busy."), (waiting.Status, waiting.WaitingFor!.Kind, waiting.WaitingFor.LastFailure));
        Assert.Equal(desk.Time.GetUtcNow() + TimeSpan.FromMinutes(10), waiting.WaitingFor.Until);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(9.9));
        Assert.Single(model.Asked);

        await desk.AdvanceAsync(TimeSpan.FromMinutes(0.2));
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
        Assert.Equal(0, (await desk.FindAsync(run)).Usage.HeldTokens); // refused outright, so it cost nothing
    }

    [Fact]
    public async Task EachWaitIsTwiceTheOneBefore()
    {
        var (desk, model, run) = await FailingAsync(3, () => new ModelException(ModelFault.Retry, "Busy."));
        await using var owned = desk;
        foreach (var seconds in new[] { 1, 2, 4 })
        {
            Assert.Equal(desk.Time.GetUtcNow() + TimeSpan.FromSeconds(seconds), (await desk.FindAsync(run)).WaitingFor!.Until);
            await desk.AdvanceAsync(TimeSpan.FromSeconds(seconds));
        }

        Assert.Equal(("ended", 4), ((await desk.FindAsync(run)).Status, model.Asked.Count));
    }

    [Fact]
    public async Task AWaitSurvivesARestart()
    {
        var (desk, model, run) = await FailingAsync(1, () => new ModelException(ModelFault.Retry, "Busy.", TimeSpan.FromMinutes(10)));
        await using var owned = desk;
        await desk.RestartAsync();
        await desk.SettleAsync();
        Assert.Single(model.Asked);
        await desk.AdvanceAsync(TimeSpan.FromMinutes(10));

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task WhatKeepsFailingPausesAndGoesOnWhenRetried()
    {
        var (desk, model, run) = await FailingAsync(7, () => new ModelException(ModelFault.Retry, "Busy."));
        await using var owned = desk;
        await desk.AdvanceAsync(TimeSpan.FromMinutes(5));
        var paused = await desk.FindAsync(run);
        Assert.Equal(("paused", "model", "fault", 7), (paused.Status, paused.Fault!.Code, paused.WaitingFor!.Kind, model.Asked.Count));
        Assert.Contains("Busy.", paused.WaitingFor.LastFailure, StringComparison.Ordinal);

        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();
        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Theory]
    [InlineData(ModelFault.GiveUp)]
    [InlineData(ModelFault.Ours)]
    public async Task WhatWaitingDoesNotMendPausesAtOnce(ModelFault fault)
    {
        var (desk, model, run) = await FailingAsync(1, () => new ModelException(fault, "Wrong key."));
        await using var owned = desk;
        Assert.Equal(("paused", 1), ((await desk.FindAsync(run)).Status, model.Asked.Count));
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AClientThatThrowsWhatItLikesIsTriedAgain()
    {
        var (desk, _, run) = await FailingAsync(1, () => new HttpRequestException("SECRET"));
        await using var owned = desk;
        Assert.DoesNotContain("SECRET", (await desk.FindAsync(run)).WaitingFor!.LastFailure, StringComparison.Ordinal);
        await desk.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.Equal("ended", (await desk.FindAsync(run)).Status);
    }

    [Fact]
    public async Task AWithheldReplyPausesAndIsPaidFor()
    {
        await using var desk = await RunHarness.StartAsync(new Deployment(new FakeModel(FakeReply.Says("") with { Finish = ChatFinishReason.ContentFilter })));
        var run = await desk.FindAsync(await desk.RunAsync());

        Assert.Equal(("paused", 10, 0), (run.Status, run.Usage.InputTokens, run.Usage.HeldTokens));
    }

    [Fact]
    public async Task AHostWithoutTheModelPausesTheRunAndSaysWhichItHas()
    {
        var (desk, _, run) = await FailingAsync(1, () => new ModelException(ModelFault.GiveUp, "No."));
        await using var owned = desk;
        await desk.TamperAsync("UPDATE agent_versions SET definition = replace(definition, '\"model\":\"default\"', '\"model\":\"other\"')");
        await desk.RestartAsync(deployment => deployment with { HasAgent = false });
        await desk.System.Runs.RetryAsync(RunHarness.Anna, run);
        await desk.SettleAsync();

        Assert.Contains("default", (await desk.FindAsync(run)).Fault!.Message, StringComparison.Ordinal);
    }

    private static async Task<(RunHarness Desk, FakeModel Model, string Run)> FailingAsync(int times, Func<Exception> failure)
    {
        var model = new FakeModel(FakeReply.Says("Done.").AfterFailures(times, failure));
        var desk = await RunHarness.StartAsync(new Deployment(model));
        return (desk, model, await desk.RunAsync());
    }
}

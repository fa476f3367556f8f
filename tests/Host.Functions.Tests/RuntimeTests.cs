using System.Text.Json;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>What leaves a function, and when.</summary>
public sealed class RuntimeTests
{
    private const string Canary = "canary-4711";

    [Fact]
    public async Task AStreamOfEventsGivesItsFunctionBackAndIsTakenUpAgain()
    {
        var time = new VirtualTime();
        await using var app = await FunctionApp.StartAsync(OpenAsync, time: time);
        var id = (await app.StartRunAsync("Please refund order A-1002, it arrived broken.")).GetProperty("id").GetString()!;
        await app.UntilAsync(id, "waiting");
        using var stream = await app.Http.GetAsync($"/api/runs/{id}/events", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var reading = stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(time.NextTimer);
        time.Advance(FunctionsRuntime.LongestStream);
        Assert.EndsWith("\n\nretry: 2000\n\n", await reading.Patiently(), StringComparison.Ordinal);
        await Patience.UntilAsync(() => Task.FromResult(app.Serving == 0));
    }

    [Fact]
    public async Task ARequestThatIsGivenUpGivesItsFunctionBack()
    {
        await using var app = await FunctionApp.StartAsync(OpenAsync);
        var id = (await app.StartRunAsync("Please refund order A-1002, it arrived broken.")).GetProperty("id").GetString()!;
        await app.UntilAsync(id, "waiting");
        using (await app.Http.GetAsync($"/api/runs/{id}/events", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            Assert.Equal(1, app.Serving);
        }

        await Patience.UntilAsync(() => Task.FromResult(app.Serving == 0));
        await app.UntilAsync(id, "waiting");
        Assert.Null(app.Ended);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatCodeOfTheProgramsOwnThrowsReachesTheHubWithoutItsSecretsAndWithItsType(bool isCaught)
    {
        await using var hub = new TaskHub();
        await using var app = await FunctionApp.StartAsync(OpenAsync, hub: hub, redact: text => text.Replace(Canary, "secret", StringComparison.Ordinal), add: registry => registry
            .Orchestrator<bool, string>("Own", async (context, isCaught) =>
            {
                try
                {
                    return await context.CallActivityAsync<string>("Call");
                }
                catch (TaskFailedException e) when (isCaught && e.FailureDetails.IsCausedBy<IOException>())
                {
                    throw new FormatException($"Not with {Canary}.", new IOException(e.FailureDetails.ErrorMessage));
                }
            })
            .Activity<int, string>("Call", Fail));
        await app.UntilReadyAsync();
        var id = await app.Engine.ScheduleNewOrchestrationInstanceAsync("Own", isCaught);
        var ended = await app.Engine.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true).Patiently();
        var kept = JsonSerializer.Serialize(await hub.Client.GetInstanceAsync(id, getInputsAndOutputs: true, TestContext.Current.CancellationToken));
        Assert.Contains("https://shop/?key=secret", kept, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, kept, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, $"{ended.FailureDetails} {ended.FailureDetails!.StackTrace} {ended.FailureDetails.InnerFailure}", StringComparison.Ordinal);
        if (isCaught)
        {
            Assert.Equal("System.FormatException: Not with secret.", ended.FailureDetails.ToString());
        }

        static Task<string> Fail(ActivityContext context, int input) => throw new FileNotFoundException($"https://shop/?key={Canary} is away.");
    }

    private static Task<AgentStore> OpenAsync(string file) => Task.FromResult(new AgentStore(SqliteDialect.Open(file, TimeProvider.System, NullLogger.Instance)));
}

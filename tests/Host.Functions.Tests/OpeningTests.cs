using System.Text;
using Holdfast.Agents;
using Holdfast.Agents.Http;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Durable.Adapting;
using Holdfast.Durable.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>The time between the first call and the open agents, and what becomes of an app that cannot open them.</summary>
public sealed class OpeningTests : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(29);

    private readonly VirtualTime time = new();
    private readonly LogBook log = new();
    private readonly TaskCompletionSource<AgentStore> store = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly FunctionsRuntime runtime;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("holdfast-opening-");
    private Func<Task<AgentSystem>> open = () => throw new InvalidOperationException("Nothing is opened here.");
    private Exception? ended;

    public OpeningTests() => runtime = new FunctionsRuntime(
        new DurableRegistry(StepJson.Default, ForeignPayloads.Limit),
        new AgentOpening(store.Task, (_, _) => open(), (_, cause) => ended = cause, log.CreateLogger("Holdfast"), time, Longest, stopping.Token),
        new ApiOptions { Identify = _ => ValueTask.FromResult<Principal?>(new("anna", "acme", Roles.All)) }, text => text, log);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhileTheAgentsCannotBeOpenedRequestsAreAnsweredAfterTwoSecondsAndReadySaysNo(bool isStoreThere)
    {
        open = () => new TaskCompletionSource<AgentSystem>().Task; // a database that went away after its store was opened
        if (isStoreThere)
        {
            store.SetResult(Store());
        }

        var asking = AskAsync("POST", "/api/runs");
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(asking.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        var answer = await asking.Patiently();
        Assert.Equal((503, "1"), (answer.StatusCode, answer.Headers.RetryAfter.ToString()));
        Assert.Equal(503, (await AskAsync("GET", "/health/ready").Patiently()).StatusCode);
        Assert.Equal(200, (await AskAsync("GET", "/health/live").Patiently()).StatusCode);
        Assert.Null(ended);
    }

    [Fact]
    public async Task AnActivityWaitsForTheAgentsUntilItsFunctionHasToEndAndNoLonger()
    {
        var acting = runtime.ActAsync("CloseRun", ActivityEnvelope.Of("run", 1, null), null!, CancellationToken.None);
        time.Advance(Longest - TimeSpan.FromTicks(1));
        Assert.False(acting.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Contains("The store did not answer within 00:29:00", (await Assert.ThrowsAsync<TimeoutException>(() => acting.Patiently())).Message, StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runtime.ActAsync("CloseRun", ActivityEnvelope.Of("run", 1, null), null!, cancelled.Token).Patiently());
        store.SetResult(Store());
    }

    [Fact]
    public async Task AnOpeningThatFailsIsLoggedOnceForAllWhoAskAndBegunAgain()
    {
        var begun = 0;
        open = () => throw new IOException($"The engine does not answer ({++begun}).");
        store.SetResult(Store());
        var asking = Enumerable.Range(0, 20).Select(_ => AskAsync("GET", "/api/runs")).ToList();
        await Patience.UntilAsync(() => Task.FromResult(Said.Any()));
        await AnsweredAsync(asking);
        Assert.Equal(["The agents cannot be opened now: The engine does not answer (1). The next call tries again."], Said);

        await Patience.UntilAsync(async () =>
        {
            await AnsweredAsync([AskAsync("GET", "/api/runs")]);
            return begun > 1;
        });
        Assert.Null(ended);
    }

    [Fact]
    public async Task AStoreThatFailsToOpenForAReasonThatNobodyForesawEndsTheApp()
    {
        var cause = new TypeLoadException("Out of the blue.");
        store.SetException(cause);
        await AnsweredAsync([AskAsync("GET", "/api/runs")]);
        await Patience.UntilAsync(() => Task.FromResult(ended is not null));
        Assert.Same(cause, ended);
    }

    [Fact]
    public async Task AStopWhileTheStoreIsOpenedIsNoFailure()
    {
        await stopping.CancelAsync();
        store.SetCanceled();
        await AnsweredAsync([AskAsync("GET", "/api/runs")]);
        Assert.Null(ended);
        Assert.Empty(Said);
    }

    public async ValueTask DisposeAsync()
    {
        await runtime.DisposeAsync();
        stopping.Dispose();
        folder.Delete(recursive: true);
    }

    private IEnumerable<string> Said => log.Lines.Where(line => line.StartsWith("The ag", StringComparison.Ordinal));

    private AgentStore Store() => new(SqliteDialect.Open(Path.Combine(folder.FullName, "agents.db"), TimeProvider.System, NullLogger.Instance));

    private async Task AnsweredAsync(IReadOnlyList<Task<HttpResponse>> asking)
    {
        await Patience.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
            return Task.FromResult(asking.All(one => one.IsCompleted));
        });
        Assert.All(await Task.WhenAll(asking), answer => Assert.Equal(503, answer.StatusCode));
    }

    private async Task<HttpResponse> AskAsync(string method, string path)
    {
        var http = new DefaultHttpContext();
        (http.Request.Method, http.Request.Path, http.Response.Body) = (method, path, new MemoryStream());
        await runtime.ServeAsync(http, null!);
        Assert.NotEmpty(Encoding.UTF8.GetString(((MemoryStream)http.Response.Body).ToArray()));
        return http.Response;
    }
}

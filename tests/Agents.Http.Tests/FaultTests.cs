using System.Net;
using System.Text.Json;
using Holdfast.Agents.Http.Pages;
using Holdfast.Agents.Http.Pages.Serving;
using Holdfast.Agents.Storage;
using Holdfast.Durable;
using Holdfast.Sqlite;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Http.Tests;

public sealed class FaultTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Body = """{"agent": "holder", "input": "go"}""";

    public static TheoryData<Exception, int> Faults => new()
    {
        { new InvalidOperationException("the secret cause"), 500 },
        { new DatabaseFullException("agents.db", "the disk is full", new IOException()), 507 },
        { new EngineUnavailableException("stopping"), 503 },
        { new StoreUnavailableException("PostgreSQL at db.internal does not answer"), 503 },
        { new ObjectDisposedException("agents.db"), 503 },
        { new BadHttpRequestException("slow", StatusCodes.Status408RequestTimeout), 408 },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task AFaultIsAProblemWithItsOwnStatus(Exception fault, int status)
    {
        var (problem, response, _) = await FailAsync(fault);

        Assert.Equal((status, status), (response.StatusCode, problem.GetProperty("status").GetInt32()));
        Assert.Equal(status is 503 or 507, response.Headers.ContainsKey("Retry-After"));
        Assert.Equal("nosniff", response.Headers.XContentTypeOptions);
    }

    [Theory]
    [InlineData(false, "The store does not answer now. Nothing was accepted; try again.")]
    [InlineData(true, "The store stopped answering while it was to store this, so it is not known whether it did. Look it up, or send the request again under the same Idempotency-Key if it had one.")]
    public async Task AStoreThatIsAwayIsToldWithoutItsPlaceAndWithWhatBecameOfTheRequest(bool mayBeStored, string words)
    {
        var (problem, _, log) = await FailAsync(new StoreUnavailableException("PostgreSQL at db.internal does not answer", mayBeStored));

        Assert.Equal(words, problem.GetProperty("detail").GetString());
        Assert.Contains("db.internal", Assert.Single(log.Lines).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunThatWasAcceptedIsSaidSoWhereTheStoreGoesAwayDuringTheWait()
    {
        var run = (await server.Anna.PostAsync("/api/runs", Body, ("Idempotency-Key", "away"))).Get("id");
        server.AwaySince = new StoreUnavailableException("PostgreSQL does not answer.");
        var waiting = server.Anna.PostAsync("/api/runs", Body, ("Idempotency-Key", "away"), ("Prefer", "wait=60"));
        server.Desk.LetGo(run);
        var reply = await waiting;
        server.AwaySince = null;

        Assert.Equal((HttpStatusCode.Accepted, run, "queued"), (reply.Status, reply.Get("id"), reply.Get("status")));
        Assert.Equal($"/api/runs/{run}", reply.Headers.Location!.ToString());
    }

    [Theory]
    [InlineData(true, "This was accepted, and cannot be shown: the store does not answer now. Look it up later.")]
    [InlineData(false, "The store does not answer now. Nothing was accepted; try again.")]
    public async Task NothingThatWasAcceptedIsSaidNotToBe(bool accepted, string words)
    {
        var http = new DefaultHttpContext();
        http.Response.Body = new MemoryStream();

        await new ErrorPages(request =>
        {
            if (accepted)
            {
                ErrorPages.Accepted(request);
            }

            throw new StoreUnavailableException("PostgreSQL does not answer.");
        }, 1000, new PageAnswers(new PageRenderer()), new OperatorLog()).InvokeAsync(http);

        Assert.Equal(words, JsonElement.Parse(((MemoryStream)http.Response.Body).ToArray()).GetProperty("detail").GetString());
    }

    [Fact]
    public async Task OurFaultIsToldToTheOperatorAndOnlyNamedToTheClient()
    {
        var (problem, _, log) = await FailAsync(new InvalidOperationException("the secret cause"));

        Assert.Equal("This is a fault of ours. The host's log has it under request 0HTEST.", problem.GetProperty("detail").GetString());
        var line = Assert.Single(log.Lines);
        Assert.Equal("Request 0HTEST failed: GET /api/runs/?[31m??", line.Message);
        Assert.Equal("the secret cause", line.Exception!.Message);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[31mred\r\nnext\0", "?[31mred??next?")]
    [InlineData("\u202eright to left\u2028", "?right to left?")]
    public void WhatAClientSentIsShownWithNothingThatMovesOrTurnsText(string text, string shown) => Assert.Equal(shown, Shown.Short(text));

    [Fact]
    public void WhatAClientSentIsShownShort() => Assert.Equal(string.Concat(Enumerable.Repeat("😀", 60)) + "…", Shown.Short(string.Concat(Enumerable.Repeat("😀", 61))));

    [Fact]
    public void HalfACharacterIsShownAsOneThatIsNotThere() => Assert.Equal("half \ufffd", Shown.Short("half \ud800"));

    private async Task<(JsonElement Problem, HttpResponse Response, OperatorLog Log)> FailAsync(Exception fault)
    {
        var log = new OperatorLog();
        var api = HoldfastApi.Create(server.System, new ApiOptions { Identify = _ => throw fault }, log);
        var http = new DefaultHttpContext { TraceIdentifier = "0HTEST" };
        (http.Request.Method, http.Request.Path) = ("GET", "/api/runs/\u001b[31m\r\n");
        http.Response.Body = new MemoryStream();

        await api(http);

        return (JsonElement.Parse(((MemoryStream)http.Response.Body).ToArray()), http.Response, log);
    }

    private sealed class OperatorLog : ILoggerFactory, ILogger
    {
        public List<(string Message, Exception? Exception)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Holdfast", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((formatter(state, exception), exception));
    }
}

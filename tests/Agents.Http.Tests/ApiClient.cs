using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Http.Tests;

/// <summary>One principal's way to the API. Every answer is held to openapi.json before a test sees it.</summary>
public sealed class ApiClient(Uri address, ApiServer server, params (string Name, string Value)[] identity)
{
    private static readonly HttpClient Http = new();

    public Task<Reply> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Reply> PostAsync(string path, string? json = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), headers);

    public async Task<Reply> SendAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, path, content, headers);
        using var response = await Http.SendAsync(request);
        var reply = new Reply(response.StatusCode, response.Headers, response.Content.Headers, await response.Content.ReadAsStringAsync());
        server.Contract.Check(method.Method, path, reply);
        return reply;
    }

    /// <summary>Starts a run; the id of it.</summary>
    public async Task<string> StartAsync(string agent, string input = "go", int wait = 0)
    {
        var reply = await PostAsync("/api/runs", new JsonObject { ["agent"] = agent, ["input"] = input }.ToJsonString(), ("Prefer", $"wait={wait}"));
        Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, reply.Text);
        return reply.Body.GetProperty("id").GetString()!;
    }

    /// <summary>The run as soon as it has this status.</summary>
    public async Task<JsonElement> UntilAsync(string id, string status)
    {
        for (var looks = 0; ; looks++)
        {
            var changed = server.System.Watch.NextAsync(id, TimeSpan.FromMilliseconds(100), CancellationToken.None);
            var run = (await GetAsync($"/api/runs/{id}")).Body;
            if (run.GetProperty("status").GetString() == status)
            {
                return run;
            }

            Assert.True(run.GetProperty("status").GetString() != "ended", $"The run has ended instead of being {status}: {run}");
            Assert.True(looks < 1000, $"The run does not come to be {status}: {run}");
            await changed;
        }
    }

    /// <summary>Starts a run and brings it to its approval or question.</summary>
    public async Task<(string Run, string Approval)> AskAsync(string agent, string input = "Please refund order A-1002.")
    {
        var id = await StartAsync(agent, input);
        var run = await UntilAsync(id, "waiting");
        return (id, run.GetProperty("approvals")[0].GetString()!);
    }

    public async IAsyncEnumerable<(long Id, string Type, JsonElement Data)> EventsAsync(string run, long? after = null)
    {
        using var response = await OpenEventsAsync(run, after);
        await foreach (var one in ReadEventsAsync(response))
        {
            yield return one;
        }
    }

    /// <summary>The stream of a run's events, once the server has begun it.</summary>
    public async Task<HttpResponseMessage> OpenEventsAsync(string run, long? after = null)
    {
        var response = await BeginEventsAsync(run, after);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    /// <summary>What the server begins the stream of a run's events with; the stream is given up then.</summary>
    public async Task<HttpStatusCode> EventsStatusAsync(string run)
    {
        using var response = await BeginEventsAsync(run, after: null);
        return response.StatusCode;
    }

    public async IAsyncEnumerable<(long Id, string Type, JsonElement Data)> ReadEventsAsync(HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        await foreach (var one in SseParser.Create(stream, (_, bytes) => JsonElement.Parse(bytes)).EnumerateAsync())
        {
            server.Contract.CheckEvent(one.Data);
            yield return (long.Parse(one.EventId!, System.Globalization.CultureInfo.InvariantCulture), one.EventType, one.Data);
        }
    }

    public async Task<List<(long Id, string Type, JsonElement Data)>> AllEventsAsync(string run, long? after = null) =>
        await EventsAsync(run, after).ToListAsync();

    private async Task<HttpResponseMessage> BeginEventsAsync(string run, long? after)
    {
        using var request = Request(HttpMethod.Get, $"/api/runs/{run}/events", null, after is null ? [] : [("Last-Event-ID", $"{after}")]);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, new Uri(address, path)) { Content = content };
        foreach (var (name, value) in identity.Concat(headers))
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value) || content?.Headers.TryAddWithoutValidation(name, value) == true);
        }

        return request;
    }
}

/// <summary>An answer, read to its end.</summary>
public sealed record Reply(HttpStatusCode Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, string Text)
{
    public JsonElement Body => JsonElement.Parse(Text);

    public string Detail => Body.GetProperty("detail").GetString()!;

    /// <summary>The fields that a problem names.</summary>
    public string[] Fields => Body.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateArray().Select(error => error.GetProperty("field").GetString()!)] : [];

    public string Get(string name) => Body.GetProperty(name).GetString()!;

    /// <summary>Asserts a problem of this status whose detail has all of these words.</summary>
    public void IsProblem(int status, params string[] words)
    {
        Assert.True((int)Status == status, $"Expected {status}, got {(int)Status}: {Text}");
        Assert.All(words, word => Assert.Contains(word, Detail, StringComparison.Ordinal));
    }
}

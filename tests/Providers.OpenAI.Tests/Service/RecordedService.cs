using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Holdfast.Providers.OpenAI.Tests.Service;

/// <summary>A request as it came in.</summary>
internal sealed record ReceivedRequest(string Path, IReadOnlyDictionary<string, string> Headers, JsonElement Body);

/// <summary>An HTTP service on loopback that gives the replies it was told, the last one again and again, and keeps what it was sent.</summary>
internal sealed class RecordedService : IAsyncDisposable
{
    public const string Key = "sk-test-0123456789abcdef";

    private readonly WebApplication app;
    private readonly Queue<Reply> replies;
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RecordedService(WebApplication app, IEnumerable<Reply> replies)
    {
        this.app = app;
        this.replies = new(replies);
    }

    public ConcurrentQueue<ReceivedRequest> Requests { get; } = [];

    public ReceivedRequest Request => Assert.Single(Requests);

    /// <summary>Ends when the first request is in.</summary>
    public Task Asked => asked.Task;

    public Uri Endpoint => new(app.Urls.Single() + "/v1/");

    public static async Task<RecordedService> StartAsync(params Reply[] replies)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var service = new RecordedService(app, replies);
        app.Run(service.AnswerAsync);
        await app.StartAsync();
        return service;
    }

    public OpenAIModelOptions Options(OpenAIApi api = OpenAIApi.Responses) => new() { Model = "gpt-asked", Endpoint = Endpoint, ApiKey = Key, Api = api };

    public IChatClient Client(OpenAIApi api = OpenAIApi.Responses) => OpenAIModel.Create(Options(api));

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        Requests.Enqueue(new(http.Request.Path, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.RootElement.Clone()));
        asked.TrySetResult();

        var reply = replies.Count > 1 ? replies.Dequeue() : replies.Peek();
        if (reply.Silent)
        {
            var gone = new TaskCompletionSource();
            await using var registration = http.RequestAborted.Register(gone.SetResult);
            await gone.Task;
            return;
        }
        var bytes = Encoding.UTF8.GetBytes(reply.Body);
        http.Response.StatusCode = reply.Status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = bytes.Length;
        foreach (var (name, value) in reply.Headers)
        {
            http.Response.Headers[name] = value;
        }

        await http.Response.Body.WriteAsync(bytes.AsMemory(0, reply.Cut ? bytes.Length / 2 : bytes.Length));
        await http.Response.Body.FlushAsync();
        if (reply.Cut)
        {
            http.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
    }
}

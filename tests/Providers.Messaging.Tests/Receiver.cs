using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Providers.Messaging.Tests;

internal sealed record Delivery(string Target, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonElement Json => Asking.Json(Body);
}

/// <summary>A server on loopback that keeps what is posted to it.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication app;

    private Receiver(WebApplication app) => this.app = app;

    public ConcurrentQueue<Delivery> Deliveries { get; } = [];

    public Delivery Delivery => Assert.Single(Deliveries);

    /// <summary>With something in it that nobody may read.</summary>
    public Uri Address => new($"{app.Urls.Single()}/hook?sig={Asking.Token}");

    /// <param name="answer">Null for 202, as a workflow answers.</param>
    public static async Task<Receiver> StartAsync(Func<HttpContext, Task>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
            receiver.Deliveries.Enqueue(new(http.Request.Path + http.Request.QueryString, http.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()), await reader.ReadToEndAsync()));
            http.Response.StatusCode = StatusCodes.Status202Accepted;
            await (answer?.Invoke(http) ?? Task.CompletedTask);
        });
        await app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}

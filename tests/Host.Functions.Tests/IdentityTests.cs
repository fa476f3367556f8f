using System.Net;
using Holdfast.Agents.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

public sealed class IdentityTests
{
    /// <summary>The worker reads X-Forwarded-For and takes away what it has read: what is left is what the client wrote.</summary>
    [Fact]
    public async Task WhoGuessesIsCountedByTheConnectionWhateverItWritesIntoTheHeader()
    {
        var settings = FunctionsSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["HOLDFAST_STORE"] = "Host=localhost;Database=holdfast;Username=me", ["HOLDFAST_IDENTITY"] = "keys", ["TASKHUB_NAME"] = "hub",
            ["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = "Endpoint=http://localhost:8080;Authentication=None",
        }).Build());
        var identify = FunctionsIdentity.Of(settings, () => throw new InvalidOperationException("Nobody asks the store without a key."), NullLoggerFactory.Instance);
        var api = HoldfastApi.Create(() => throw new InvalidOperationException("Nobody gets in."), new ApiOptions { Identify = identify }, NullLoggerFactory.Instance);
        async Task<int> GuessAsync(int n)
        {
            var http = new DefaultHttpContext();
            (http.Request.Method, http.Request.Path) = ("GET", "/api/runs");
            http.Connection.RemoteIpAddress = IPAddress.Parse("198.51.100.7");
            http.Request.Headers["X-Forwarded-For"] = $"192.0.2.{n}:4711";
            await api(http);
            return http.Response.StatusCode;
        }

        for (var n = 0; n < new RateLimits().FailureBurst; n++)
        {
            Assert.Equal(StatusCodes.Status401Unauthorized, await GuessAsync(n));
        }

        Assert.Equal(StatusCodes.Status429TooManyRequests, await GuessAsync(99));
    }
}

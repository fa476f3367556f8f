using System.Collections.Concurrent;
using System.Text;
using Holdfast.Agents.Secrets;
using Microsoft.ApplicationInsights;
using Microsoft.ApplicationInsights.Channel;
using Microsoft.ApplicationInsights.DataContracts;
using Microsoft.ApplicationInsights.Extensibility;
using Microsoft.ApplicationInsights.Extensibility.Implementation;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>What Application Insights sends, by the services that the app gives it.</summary>
public sealed class TelemetryTests
{
    private const string Canary = "canary+4711";

    [Fact]
    public async Task NoSecretLeavesByTelemetryWhateverKindItIs()
    {
        var secrets = new SecretSource(null, static _ => Canary);
        secrets.Get("shop-key");
        using var sink = new Sink();
        var services = new ServiceCollection().AddLogging();
        FunctionsHost.AddTelemetry(services, secrets);
        await using var provider = services.BuildServiceProvider();
        using var configuration = new TelemetryConfiguration { TelemetryChannel = sink };
        provider.GetServices<ITelemetryInitializer>().ToList().ForEach(configuration.TelemetryInitializers.Add);
        var client = new TelemetryClient(configuration);
        var address = $"https://shop/{Canary}?key={Uri.EscapeDataString(Canary)}";
        client.TrackDependency(new DependencyTelemetry("Http", Canary, $"GET {Canary}", address, DateTimeOffset.UnixEpoch, TimeSpan.Zero, Canary, success: false) { Properties = { ["Key"] = Canary } });
        client.TrackRequest(new RequestTelemetry { Name = Canary, Url = new Uri(address), Source = Canary });
        client.TrackRequest(new RequestTelemetry());
        client.TrackTrace($"With {Canary}");
        client.TrackEvent($"With {Canary}");
        client.TrackException(new IOException(Canary, new IOException(Canary)));
        var sent = Encoding.UTF8.GetString(JsonSerializer.Serialize(sink.Sent, compress: false));
        Assert.Equal(6, sink.Sent.Count);
        Assert.DoesNotContain("4711", sent, StringComparison.Ordinal);
        Assert.Contains("https://shop/secret:shop-key?key=secret:shop-key", sent, StringComparison.Ordinal);
    }

    private sealed class Sink : ITelemetryChannel
    {
        public ConcurrentQueue<ITelemetry> Sent { get; } = [];

        public bool? DeveloperMode { get; set; }

        public string EndpointAddress { get; set; } = "";

        public void Send(ITelemetry item) => Sent.Enqueue(item);

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}

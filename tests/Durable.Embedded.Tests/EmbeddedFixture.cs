using Holdfast.Durable.Testing;

namespace Holdfast.Durable.Embedded.Tests;

/// <summary>An embedded engine on a directory of its own, on a clock that stands still until it is moved.</summary>
internal sealed class EmbeddedFixture : EngineFixture
{
    // Real time, and only so that a broken engine shows as a failure and not as a test run that hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly LogBook log = new();
    private DurableRegistry? code;

    public static EmbeddedFixture New() => new();

    public VirtualTime Time { get; } = new();

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("holdfast-engine-").FullName;

    public string Database => Path.Combine(Directory, "engine.db");

    /// <summary>Changes the options of the next start.</summary>
    public Func<EngineOptions, EngineOptions> Configure { get; set; } = options => options;

    public EmbeddedEngine? Running { get; private set; }

    public EmbeddedClient Embedded => Running!.EmbeddedClient;

    public override Capabilities Capabilities => Capabilities.Restart | Capabilities.Advance | Capabilities.UnknownInstance
        | Capabilities.EventsOnce | Capabilities.Control | Capabilities.Logs | Capabilities.LeaveOpen | Capabilities.CallOrder | Capabilities.TellParent;

    public override IOrchestrationClient Client => Running!.Client;

    public override DateTimeOffset Now => Time.GetUtcNow();

    public override IReadOnlyCollection<string> Logged => log.Lines;

    public EngineOptions Options => Configure(new EngineOptions { DataDirectory = Directory, Time = Time, ShutdownGrace = TimeSpan.FromSeconds(5) });

    public EmbeddedEngine Open() => EmbeddedEngine.Open(Options, log);

    public override async Task StartAsync(DurableRegistry registry)
    {
        code = registry;
        Running = Open();
        await Running.StartAsync(registry);
    }

    public override async Task RestartAsync(DurableRegistry? registry = null)
    {
        await Running!.AbandonAsync();
        await StartAsync(registry ?? code!);
    }

    public Task<OrchestrationMetadata> EndAsync(string id) => Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true).WaitAsync(Patience);

    /// <summary>Waits until the instance has ended or is paused.</summary>
    public Task<OrchestrationMetadata> RestAsync(string id) => Embedded.WaitForInstanceRestAsync(id).WaitAsync(Patience);

    public async Task StopAsync()
    {
        await Running!.DisposeAsync();
        Running = null;
    }

    public override Task AdvanceAsync(TimeSpan by) => Time.SkipAsync(by, SettleAsync);

    public override Task SettleAsync() => Running!.WhenIdleAsync().WaitAsync(Patience);

    public override async ValueTask DisposeAsync()
    {
        if (Running is not null)
        {
            await Running.AbandonAsync();
        }

        System.IO.Directory.Delete(Directory, recursive: true);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Holdfast.Durable;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Embedded.CrashHost;
using Microsoft.Extensions.Logging.Abstractions;

// Runs an engine on a data directory until the work of a scene is done, or until it is killed; tests start it again and again.
//   crash-host DIRECTORY SCENE [COUNT] [CRASH-POINT NTH]
// It says "ready" when the engine runs, "works" when the first step of "mix" has been noted, "done" when every instance has ended, and
// "owned: …" when another process has the directory.
var (directory, scene) = (args[0], args[1]);
var count = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 50;
var crash = args.Length > 4 ? new CrashPoint(args[3], int.Parse(args[4], CultureInfo.InvariantCulture)) : null;

using var stop = new CancellationTokenSource();
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    stop.Cancel();
});

var options = new EngineOptions
{
    DataDirectory = Path.Combine(directory, "data"),
    CrashPoint = crash is null ? static _ => { } : crash.Pass,

    // In these scenes it is the test that kills, far more often than work is given the time to end: none of it is poison.
    MaxUncleanEnds = scene is "mix" or "sum" ? int.MaxValue : 5,
};
EmbeddedEngine engine;
try
{
    engine = EmbeddedEngine.Open(options, NullLoggerFactory.Instance);
}
catch (DataDirectoryOwnedException e)
{
    Console.WriteLine($"owned: {e.Message}");
    return 3;
}

var scenes = new Scenes(directory);
await engine.StartAsync(scenes.Code());
Console.WriteLine("ready");
try
{
    await scenes.PlayAsync(scene, count, engine.EmbeddedClient, stop.Token);
    Console.WriteLine("done");
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.WriteLine("stopping");
}

await engine.DisposeAsync();
return 0;

/// <summary>Kills this process, as kill -9 would, when a place is passed for the n-th time.</summary>
internal sealed class CrashPoint(string name, int nth)
{
    private int passed;

    public void Pass(string point)
    {
        if (point == name && Interlocked.Increment(ref passed) == nth)
        {
            Console.WriteLine($"killed at {name}");
            Console.Out.Flush();
            Process.GetCurrentProcess().Kill();
            new ManualResetEvent(false).WaitOne(); // the kill takes a moment, and nothing may happen in it
        }
    }
}

using System.Runtime.InteropServices;
using Holdfast.Benchmarks;

// Every figure that the project quotes comes from here: ./build.sh bench [http | store | waiting | disk | turns | engine | approvals]
var only = args.FirstOrDefault();
Console.WriteLine($"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}");
foreach (var (name, run) in new (string, Func<Task>)[] { ("http", HttpBench.RunAsync), ("store", StoreBench.RunAsync), ("waiting", WaitingBench.RunAsync), ("disk", DiskBench.RunAsync), ("turns", TurnsBench.RunAsync), ("engine", EngineBench.RunAsync), ("approvals", ApprovalsBench.RunAsync) })
{
    if (only is null || only == name)
    {
        Console.WriteLine($"{Environment.NewLine}{name}");
        await run();
    }
}

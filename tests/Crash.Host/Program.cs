using Holdfast.Crash.Host;
using Holdfast.Host.Local;
using RefundDesk;

Spans.WriteTo(Environment.GetEnvironmentVariable("CRASH_HOST_SPANS"));

// The example's shop, and beside it agents that reach the crash points that a refund does not.
return await LocalHost.RunAsync(args, host => host.AddTools(
    new ShopTools(Shop.Open(Path.Combine(host.DataDirectory, "shop.db"), TimeProvider.System)),
    new FlakyTool()));

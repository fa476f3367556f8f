using Holdfast.Host.Functions;
using RefundDesk;

// The shop stands for a system that is not ours: here a file of this instance, gone with it.
using var shop = Shop.Open(Path.Combine(Path.GetTempPath(), "shop.jsonl"), TimeProvider.System);
return await FunctionsHost.RunAsync(args, host => host.AddTools(new ShopTools(shop)));

using Holdfast.Host.Local;
using RefundDesk;

return await LocalHost.RunAsync(args, host =>
    host.AddTools(new ShopTools(Shop.Open(Path.Combine(host.DataDirectory, "shop.db"), TimeProvider.System))));

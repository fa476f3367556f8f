using RefundDesk;

namespace Holdfast.RefundDesk.Tests;

public sealed class ShopTests : IDisposable
{
    private readonly ShopFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("A-1001", "40.00")]
    [InlineData("A-1002", "400.00")]
    [InlineData("A-1003", "1200.00")]
    public void EveryOrderWasDeliveredYesterday(string id, string total)
    {
        var order = folder.Shop.Find(id)!;
        Assert.Equal((id, total, "delivered", new DateOnly(2026, 2, 28)),
            (order.Id, order.Total.ToString(System.Globalization.CultureInfo.InvariantCulture), order.State, order.Since));
    }

    [Fact]
    public void AnOrderIsFoundHoweverItsIdIsWritten() => Assert.Equal("A-1001", folder.Shop.Find("a-1001")!.Id);

    [Fact]
    public void AnUnknownOrderIsNotFound() => Assert.Null(folder.Shop.Find("A-9999"));

    [Fact]
    public void TheSameKeyIsTheSameRefund()
    {
        Assert.Equal(new Refund("A-1001", 40m), folder.Shop.Refund("k1", "run_1", "A-1001", 40m));
        Assert.Equal(new Refund("A-1001", 40m), folder.Shop.Refund("k1", "run_1", "A-1001", 40m));
        Assert.Equal(["k1 run_1 A-1001 40.00"], folder.Rows("SELECT idempotency_key, run_id, order_id, amount FROM refunds"));
    }

    [Fact]
    public void AnotherRunMayRefundTheSameOrder()
    {
        folder.Shop.Refund("k1", "run_1", "A-1001", 40m);
        folder.Shop.Refund("k2", "run_2", "A-1001", 12.5m);
        Assert.Equal(["run_1 40.00", "run_2 12.50"], folder.Rows("SELECT run_id, amount FROM refunds ORDER BY run_id"));
    }

    [Fact]
    public void EveryReplyIsOneMore()
    {
        folder.Shop.Reply("run_1", "Done.");
        folder.Shop.Reply("run_1", "Done.");
        Assert.Equal(["run_1 Done.", "run_1 Done."], folder.Rows("SELECT run_id, text FROM replies"));
    }

    [Fact]
    public void WhatWasDoneIsThereWhenTheShopIsOpenedAgain()
    {
        folder.Shop.Refund("k1", "run_1", "A-1001", 40m);
        using var again = folder.Open();
        Assert.Equal(new Refund("A-1001", 40m), again.Refund("k1", "run_1", "A-1001", 1m));
        Assert.Equal(["A-1001", "A-1002", "A-1003"], folder.Rows("SELECT id FROM orders ORDER BY id"));
    }

    [Fact]
    public void ManyThreadsOfOneKeyMakeOneRefund()
    {
        Parallel.For(0, 64, _ =>
        {
            folder.Shop.Note("issue_refund", "k1");
            Assert.Equal(40m, folder.Shop.Refund("k1", "run_1", "A-1001", 40m).Amount);
        });
        Assert.Equal(["1 64"], folder.Rows("SELECT (SELECT COUNT(*) FROM refunds) || '', (SELECT COUNT(*) FROM requests) || ''"));
    }
}

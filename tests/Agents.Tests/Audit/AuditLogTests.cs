using Holdfast.Agents.Audit;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tests.Links;
using Xunit;

namespace Holdfast.Agents.Tests.Audit;

public sealed class AuditLogTests : IAsyncLifetime
{
    private const string Tenant = "acme";

    private LinkDesk desk = null!;

    private AuditLog Log => new(desk.Store);

    public async ValueTask InitializeAsync() => desk = await LinkDesk.NewAsync();

    public ValueTask DisposeAsync()
    {
        desk.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task AChainIsWholeAndItsHeadIsItsLastEntry()
    {
        await AppendAsync(5);

        var head = await Log.HeadAsync(Tenant);
        Assert.Equal(new AuditReport(Tenant, 5, head!.Hash, AuditFault.None, null), await Log.VerifyAsync(Tenant));
        Assert.Equal((5, 64), (head.Seq, head.Hash.Length));
        Assert.Equal([Tenant], await Log.TenantsAsync());
    }

    [Fact]
    public async Task AnEntryHoldsReferencesAndDigestsInTheOneFormThatAllReadAlike()
    {
        var digest = Digest.OfText("It was too much.");
        await AppendAsync(new AuditEntry(AuditKinds.ApprovalDecision, "bea", "apr_1", AuditResults.Refused("wrongCode")) { Way = "link", Decision = "reject", Reason = digest });

        var (entry, hash) = await desk.Store.ReadAsync(async tx => (await tx.FirstAsync<string>("SELECT entry FROM audit"), await tx.FirstAsync<string>("SELECT hash FROM audit")));
        Assert.Equal($$"""{"decision":"reject","kind":"approval.decision","reason":"{{digest}}","result":"refused:wrongCode","subject":"apr_1","way":"link","who":"bea"}""", entry);
        Assert.Equal(Digest.OfText($"{Digest.OfText("holdfast audit 1\nacme")}\n" + $$"""{"at":"2026-01-01T00:00:00.0000000Z","decision":"reject","kind":"approval.decision","reason":"{{digest}}","result":"refused:wrongCode","seq":1,"subject":"apr_1","way":"link","who":"bea"}"""), hash);
    }

    [Theory]
    [InlineData("It was too much.", "reason")]
    [InlineData("refund 400", "kind")]
    [InlineData("refused: because I say so", "result")]
    public async Task WordsWhereADigestOrATermBelongsAreRefusedAndNothingIsWritten(string words, string field)
    {
        var entry = Entry(1);
        var wordy = field switch { "reason" => entry with { Reason = words }, "kind" => entry with { Kind = words }, _ => entry with { Result = words } };

        Assert.Contains("An audit holds no words", (await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync(wordy))).Message, StringComparison.Ordinal);
        Assert.Null(await Log.HeadAsync(Tenant));
    }

    [Theory]
    [InlineData("UPDATE audit SET entry = replace(entry, 'apr_3', 'apr_4') WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET entry = replace(entry, '{', '{ ') WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET entry = replace(entry, '{', '{\"at\":\"never\",') WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET entry = 'nonsense' WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET at = at + 1 WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET at = -1 WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 2) WHERE seq = 3", 3, AuditFault.Edited)]
    [InlineData("UPDATE audit SET entry = replace(entry, 'apr_1', 'apr_9') WHERE seq = 1", 1, AuditFault.Edited)]
    [InlineData("DELETE FROM audit WHERE seq = 1", 1, AuditFault.Missing)]
    [InlineData("DELETE FROM audit WHERE seq = 3", 3, AuditFault.Missing)]
    [InlineData("DELETE FROM audit WHERE seq IN (2, 3)", 2, AuditFault.Missing)]
    [InlineData("DELETE FROM audit WHERE seq = 5", 5, AuditFault.CutOff)]
    [InlineData("DELETE FROM audit WHERE seq >= 2", 2, AuditFault.CutOff)]
    [InlineData("DELETE FROM audit", 1, AuditFault.CutOff)]
    [InlineData("DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq = 5", 3, AuditFault.Edited)]
    [InlineData("INSERT INTO audit (tenant, seq, at, entry, hash) SELECT tenant, 6, at, entry, hash FROM audit WHERE seq = 5", 6, AuditFault.Inserted)]
    [InlineData("INSERT INTO audit (tenant, seq, at, entry, hash) SELECT tenant, 0, at, entry, hash FROM audit WHERE seq = 1", 0, AuditFault.Inserted)]
    [InlineData("UPDATE audit_heads SET hash = (SELECT hash FROM audit WHERE seq = 4)", 5, AuditFault.Head)]
    [InlineData("UPDATE audit_heads SET seq = 6", 6, AuditFault.CutOff)]
    [InlineData("UPDATE audit_heads SET seq = 4", 5, AuditFault.Inserted)]
    [InlineData("DELETE FROM audit_heads", 1, AuditFault.Head)]
    public async Task WhateverWasDoneToAChainIsFoundAtItsFirstWrongEntry(string tampering, long seq, AuditFault fault)
    {
        await AppendAsync(5);
        Assert.NotEqual(0, await desk.TamperAsync(tampering));

        var report = await Log.VerifyAsync(Tenant);

        Assert.Equal((seq, fault, false), (report.Seq, report.Fault, report.IsWhole));
        Assert.NotNull(report.Message);
    }

    [Fact]
    public async Task AnEntryThatSomebodyInsertedWithTheRightHashIsFound()
    {
        await AppendAsync(5);
        var (at, hash) = (desk.Time.GetUtcNow().UtcTicks, await HashAsync(2));
        await desk.TamperAsync("UPDATE audit SET seq = 6 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 3; UPDATE audit_heads SET seq = 6");
        await InsertAsync(3, at, Entry(9).ToJson(), AuditChain.Next(hash, 3, at, Entry(9).ToJson())!);

        var report = await Log.VerifyAsync(Tenant);

        Assert.Equal((3, AuditFault.Inserted), (report.Seq, report.Fault));
    }

    [Fact]
    public async Task AnEntryThatWasReplacedWithTheRightHashIsFoundByTheOneBehindIt()
    {
        await AppendAsync(5);
        var at = desk.Time.GetUtcNow().UtcTicks;
        var forged = AuditChain.Next(await HashAsync(2), 3, at, Entry(9).ToJson())!;
        await desk.TamperAsync("UPDATE audit SET entry = @entry, hash = @forged WHERE seq = 3", new { entry = Entry(9).ToJson(), forged });

        var report = await Log.VerifyAsync(Tenant);

        Assert.Equal((4, AuditFault.Edited), (report.Seq, report.Fault));
        Assert.Contains("what stood right before it was edited", report.Message, StringComparison.Ordinal);
    }

    // Who can write the database can do all of this without a trace in it.
    [Fact]
    public async Task AChainThatWasWrittenAnewOrCutWithItsHeadIsFoundByAHeadThatWasKept()
    {
        await AppendAsync(5);
        var kept = await Log.HeadAsync(Tenant);
        await AppendAsync(2);
        Assert.True((await Log.VerifyAsync(Tenant, kept)).IsWhole);

        await desk.TamperAsync("DELETE FROM audit WHERE seq > 3; UPDATE audit_heads SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)");
        Assert.True((await Log.VerifyAsync(Tenant)).IsWhole);
        Assert.Equal((4, AuditFault.CutOff), At(await Log.VerifyAsync(Tenant, kept)));

        await AppendAsync(4);
        Assert.True((await Log.VerifyAsync(Tenant)).IsWhole);
        Assert.Equal((5, AuditFault.Rewritten), At(await Log.VerifyAsync(Tenant, kept)));

        static (long, AuditFault) At(AuditReport report) => (report.Seq, report.Fault);
    }

    [Fact]
    public async Task NoEntryStandsInAnotherTenantsChain()
    {
        await AppendAsync(2);
        await desk.TamperAsync("UPDATE audit SET tenant = 'another'; UPDATE audit_heads SET tenant = 'another'");

        Assert.Equal((1, AuditFault.Edited), (await Log.VerifyAsync("another")) is var report ? (report.Seq, report.Fault) : default);
    }

    [Fact]
    public async Task AHundredAtOnceMakeOneUnbrokenChain()
    {
        await Task.WhenAll(Enumerable.Range(1, 100).Select(number => AppendAsync(Entry(number))));

        Assert.Equal((100, AuditFault.None), (await Log.VerifyAsync(Tenant)) is var report ? (report.Seq, report.Fault) : default);
        Assert.Equal(100, (await desk.Store.ReadAsync(tx => tx.ListAsync<string>("SELECT DISTINCT entry FROM audit"))).Count);
    }

    [Fact]
    public async Task EachTenantHasAChainOfItsOwn()
    {
        await Task.WhenAll(Enumerable.Range(1, 40).Select(number => AppendAsync(Entry(number), number % 2 == 0 ? Tenant : "another")));

        Assert.Equal(["acme", "another"], await Log.TenantsAsync());
        Assert.All(await Task.WhenAll(Log.VerifyAsync(Tenant), Log.VerifyAsync("another")), report => Assert.Equal((20, true), (report.Seq, report.IsWhole)));
    }

    [Fact]
    public async Task AChainOfManyPagesIsWalkedToItsEnd()
    {
        await desk.Store.WriteAsync(async tx =>
        {
            await tx.ReadClockAsync();
            for (var number = 1; number <= 2000; number++)
            {
                await AuditLog.AppendAsync(tx, Tenant, Entry(number));
            }

            return true;
        });
        Assert.Equal(2000, (await Log.VerifyAsync(Tenant)).Seq);

        await desk.TamperAsync("UPDATE audit SET at = at + 1 WHERE seq = 1999");
        Assert.Equal((1999, AuditFault.Edited), (await Log.VerifyAsync(Tenant)) is var report ? (report.Seq, report.Fault) : default);
    }

    [Fact]
    public async Task WhatIsUndoneLeavesNoEntry()
    {
        await AppendAsync(1);
        await Assert.ThrowsAsync<InvalidOperationException>(() => desk.Store.WriteAsync<bool>(async tx =>
        {
            await tx.ReadClockAsync();
            await AuditLog.AppendAsync(tx, Tenant, Entry(2));
            throw new InvalidOperationException("It came to nothing.");
        }));
        await AppendAsync(Entry(3));

        Assert.Equal((2, true), (await Log.VerifyAsync(Tenant)) is var report ? (report.Seq, report.IsWhole) : default);
    }

    [Fact]
    public async Task WhereNothingHappenedNothingIsWrong() => Assert.True((await Log.VerifyAsync(Tenant)).IsWhole);

    private static AuditEntry Entry(int number) => new(AuditKinds.ApprovalDecision, "bea", $"apr_{number}", AuditResults.Accepted);

    private async Task AppendAsync(int count)
    {
        for (var number = 1; number <= count; number++)
        {
            await AppendAsync(Entry(number));
        }
    }

    private Task AppendAsync(AuditEntry entry, string tenant = Tenant) => desk.Store.WriteAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return await AuditLog.AppendAsync(tx, tenant, entry);
    });

    private async Task<string> HashAsync(long seq) => (await desk.Store.ReadAsync(tx => tx.FirstAsync<string>("SELECT hash FROM audit WHERE seq = @seq", new { seq })))!;

    private Task InsertAsync(long seq, long at, string entry, string hash) =>
        desk.TamperAsync("INSERT INTO audit (tenant, seq, at, entry, hash) VALUES (@Tenant, @seq, @at, @entry, @hash)", new { Tenant, seq, at, entry, hash });
}

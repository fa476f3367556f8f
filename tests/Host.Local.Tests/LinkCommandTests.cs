using Holdfast.Agents.Audit;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Host.Local.Tests;

public sealed class LinkCommandTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task WhileTheHostRunsALinkIsListedAndRevoked()
    {
        await SentAsync();
        await using var host = HostProcess.Scripted(scratch.At("data"), out _);
        await host.ReadyAsync();

        Assert.Matches("^ID +APPROVAL +CREATED +EXPIRES +STATE\nlnk_2 +apr_2 +[^ ]+ +[^ ]+ +shows only: too many wrong codes\nlnk_1 +apr_1 +[^ ]+ +[^ ]+ +good\n$", await ListAsync());
        Assert.Equal("Link lnk_1 is revoked.", (await RunAsync("links", "revoke", "lnk_1")).Errors.Trim());
        Assert.Matches($"lnk_1 .* revoked [^ ]+ by {Environment.UserName}\n", await ListAsync());
        Assert.StartsWith("Links ended by this: 1.", (await RunAsync("links", "revoke-of", "--person", "bea", "--tenant", "acme")).Errors, StringComparison.Ordinal);
        Assert.Equal((1, ""), Ends(await RunAsync("links", "revoke", "lnk_9")));
        Assert.Equal("'carl' was sent no link.", (await RunAsync("links", "list", "--person", "carl", "--tenant", "acme")).Errors.Trim());
        Assert.Equal((2, ""), Ends(await RunAsync("links", "revoke-key", "nonsense")));
    }

    [Fact]
    public async Task TheAuditIsVerifiedAndItsHeadIsKeptElsewhere()
    {
        await SentAsync();
        Assert.Equal("No audit has been written yet.", (await RunAsync("audit", "verify")).Errors.Trim());
        Assert.Equal((1, ""), Ends(await RunAsync("audit", "head", "--tenant", "acme")));
        await RunAsync("links", "revoke", "lnk_1");
        await RunAsync("links", "revoke-key", "0123abcd");
        var head = (await RunAsync("audit", "head", "--tenant", "acme")).Output.Trim();

        Assert.Matches("^1:[0-9a-f]{64}$", head);
        Assert.Matches(@"^TENANT +ENTRY +STATE\n\* +1 +whole\nacme +1 +whole\n$", (await RunAsync("audit", "verify")).Output);
        Assert.Equal(0, (await RunAsync("audit", "verify", "--tenant", "acme", "--head", head)).Code);
        var (code, output, _) = await RunAsync("audit", "verify", "--tenant", "acme", "--head", $"1:{new string('0', 64)}");
        Assert.Equal(1, code);
        Assert.Contains("Rewritten: It is not the one whose hash was kept", output, StringComparison.Ordinal);
        Assert.Contains("--head '1:2' is not SEQ:HASH", (await RunAsync("audit", "verify", "--tenant", "acme", "--head", "1:2")).Errors, StringComparison.Ordinal);

        Assert.Contains("--head is one tenant's. Give --tenant, too.", (await RunAsync("audit", "verify", "--head", head)).Errors, StringComparison.Ordinal);

        await TamperAsync("UPDATE audit SET at = at + 1 WHERE tenant = 'acme'");
        (code, output, _) = await RunAsync("audit", "verify");
        Assert.Equal(1, code);
        Assert.Contains($"{nameof(AuditFault.Edited)}: It was edited", output, StringComparison.Ordinal);
    }

    private Task SentAsync()
    {
        Directory.CreateDirectory(scratch.At("data"));
        return TamperAsync("""
            INSERT INTO links (id, tenant, approval, person, digest, created_at, expires_at) VALUES ('lnk_1', 'acme', 'apr_1', 'bea', 'd', 639000000000000000, 3000000000000000000);
            INSERT INTO links (id, tenant, approval, person, digest, created_at, expires_at, tries) VALUES ('lnk_2', 'acme', 'apr_2', 'bea', 'd', 639000000000000000, 3000000000000000000, 5)
            """);
    }

    private async Task TamperAsync(string sql)
    {
        using var store = SqliteDialect.Open(scratch.At("data", "agents.db"), TimeProvider.System, NullLogger.Instance);
        await store.WriteAsync(tx => tx.ExecuteAsync(sql), refusable: false);
    }

    private async Task<string> ListAsync() => (await RunAsync("links", "list", "--person", "bea", "--tenant", "acme")).Output.ReplaceLineEndings("\n");

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] words)
    {
        await using var command = HostProcess.Start([.. words, "--data", scratch.At("data")]);
        return await command.EndAsync();
    }

    private static (int, string) Ends((int Code, string Output, string Errors) end) => (end.Code, end.Output);
}

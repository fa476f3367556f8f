using Holdfast.Agents.Identity;
using Holdfast.Durable.Testing;
using Holdfast.Sqlite;
using Xunit;

namespace Holdfast.Agents.Tests.Identity;

public sealed class ApiKeysTests : IAsyncLifetime
{
    private KeyStore store = null!;

    public async ValueTask InitializeAsync() => store = await KeyStore.NewAsync();

    public ValueTask DisposeAsync()
    {
        store.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task AKeyIsShownOnceAndOnlyItsDigestIsKept()
    {
        var issued = await store.AddAsync(lifetime: TimeSpan.FromDays(90));

        var row = Assert.Single(await store.Store.ReadAsync(tx => tx.ListAsync<ApiKeyRow>("SELECT * FROM api_keys")));
        Assert.Equal(ApiKeyText.Read(issued.Text)!.Hash, row.Hash);
        Assert.DoesNotContain(issued.Text.Split('_')[2], $"{row.Hash} {issued} {Assert.Single(await store.Keys.ListAsync())}", StringComparison.Ordinal);
        Assert.Equal((issued.Text.Split('_')[1], "ci", "acme", store.Time.GetUtcNow().AddDays(90)),
            (issued.Key.Prefix, issued.Key.Name, issued.Key.Tenant, issued.Key.ExpiresAt));
        Assert.Equal([Roles.Submit, Roles.Read], issued.Key.Roles);
    }

    [Fact]
    public async Task AKeyIsItsOwnersAndNobodyElses()
    {
        var (ci, other) = (await store.AddAsync("ci"), await store.AddAsync("ci", "another"));

        Assert.Equal(("ci", "acme"), Whose(await LookUpAsync(ci.Text)));
        Assert.Equal(("ci", "another"), Whose(await LookUpAsync(other.Text)));
        Assert.Null((await LookUpAsync(ApiKeyText.New().Reveal())).Principal);

        static (string?, string?) Whose((Principal? Principal, string? Refusal) found) => (found.Principal?.Id, found.Principal?.Tenant);
    }

    [Fact]
    public async Task ASecretBehindAnotherKeysPrefixIsNotThatKey()
    {
        var issued = await store.AddAsync();
        var another = ApiKeyText.New();
        await store.Store.WriteAsync(tx => tx.ExecuteAsync("UPDATE api_keys SET prefix = @Prefix", new { another.Prefix }));

        Assert.Null((await LookUpAsync(another.Reveal())).Principal);
        Assert.Null((await LookUpAsync(issued.Text)).Principal);
    }

    [Fact]
    public async Task ARevokedKeyIsAnsweredAsOneThatNeverWas()
    {
        var issued = await store.AddAsync();
        await store.Keys.RevokeAsync(issued.Key.Prefix);

        Assert.Equal((await LookUpAsync(ApiKeyText.New().Reveal())).Refusal, (await LookUpAsync(issued.Text)).Refusal);
        Assert.Equal(store.Time.GetUtcNow(), Assert.Single(await store.Keys.ListAsync()).RevokedAt);
    }

    [Fact]
    public async Task ARevocationHoldsWithinSecondsOnEveryProcess()
    {
        var issued = await store.AddAsync();
        var key = ApiKeyText.Read(issued.Text)!;
        var (here, there) = (store.Ring(), store.Ring());
        await here.LookUpAsync(key);
        await there.LookUpAsync(key);
        await store.Keys.RevokeAsync(issued.Key.Prefix);

        store.Time.Advance(ApiKeys.RevokedWithin - TimeSpan.FromTicks(1));
        Assert.NotNull(here.Recall(key));
        store.Time.Advance(TimeSpan.FromTicks(1));

        Assert.True(ApiKeys.RevokedWithin <= TimeSpan.FromSeconds(5));
        Assert.All(new[] { here, there }, ring => Assert.Null(ring.Recall(key)));
        Assert.Null((await there.LookUpAsync(key)).Principal);
    }

    [Fact]
    public async Task AKeyExpiresToTheMomentAlsoWhereItIsRemembered()
    {
        var issued = await store.AddAsync(lifetime: TimeSpan.FromSeconds(3));
        var (key, ring) = (ApiKeyText.Read(issued.Text)!, store.Ring());
        await ring.LookUpAsync(key);

        store.Time.Advance(TimeSpan.FromSeconds(3));

        Assert.Null(ring.Recall(key));
        Assert.StartsWith($"The key {key.Prefix} has expired at 2026-01-01T00:00:03Z.", (await ring.LookUpAsync(key)).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyThatIsNotGoodIsNotRemembered()
    {
        var (key, ring) = (ApiKeyText.New(), store.Ring());

        await ring.LookUpAsync(key);

        Assert.Null(ring.Recall(key));
    }

    [Fact]
    public async Task ARotatedKeyGoesOnForTheOverlapAndItsHeirHasAllThatItHad()
    {
        var old = await store.AddAsync(lifetime: TimeSpan.FromDays(30));
        store.Time.Advance(TimeSpan.FromDays(29));

        var heir = await store.Keys.RotateAsync(old.Key.Prefix, TimeSpan.FromHours(1));

        Assert.Equal(("ci", "acme", store.Time.GetUtcNow().AddDays(30)), (heir.Key.Name, heir.Key.Tenant, heir.Key.ExpiresAt));
        Assert.Equal(old.Key.Roles, heir.Key.Roles);
        store.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull((await LookUpAsync(old.Text)).Principal);
        store.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains($"Send {heir.Key.Prefix}, which has replaced it.", (await LookUpAsync(old.Text)).Refusal, StringComparison.Ordinal);
        Assert.NotNull((await LookUpAsync(heir.Text)).Principal);
    }

    [Fact]
    public async Task ARotationDoesNotLengthenTheOldKeysLife()
    {
        var old = await store.AddAsync(lifetime: TimeSpan.FromMinutes(5));

        await store.Keys.RotateAsync(old.Key.Prefix, TimeSpan.FromHours(1));

        Assert.Equal(old.Key.ExpiresAt, (await store.Keys.ListAsync()).Single(key => key.Prefix == old.Key.Prefix).ExpiresAt);
    }

    [Fact]
    public async Task ANameIsTakenUntilItsKeyIsRevoked()
    {
        var first = await store.AddAsync();

        var refused = await Assert.ThrowsAsync<RefusedException>(() => store.AddAsync());
        await store.Keys.RevokeAsync(first.Key.Prefix);
        await store.AddAsync();

        Assert.Equal(Refusal.Conflict, refused.Refusal);
        Assert.Contains(first.Key.Prefix, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARevokedKeyTakesThoseThatItReplacedWithItSoThatItsNameIsNobodys()
    {
        var first = await store.AddAsync();
        var second = await store.Keys.RotateAsync(first.Key.Prefix, TimeSpan.FromDays(1));
        var third = await store.Keys.RotateAsync(second.Key.Prefix, TimeSpan.FromDays(2));
        var other = await store.AddAsync("other");
        store.Time.Advance(TimeSpan.FromDays(1)); // the first has expired: it is told so, and not that it was revoked

        await store.Keys.RevokeAsync(third.Key.Prefix);
        var next = await store.AddAsync();

        Assert.Null((await LookUpAsync(second.Text)).Principal);
        Assert.Null((await LookUpAsync(third.Text)).Principal);
        Assert.Contains("has expired at", (await LookUpAsync(first.Text)).Refusal, StringComparison.Ordinal);
        Assert.Equal(("ci", "other"), ((await LookUpAsync(next.Text)).Principal!.Id, (await LookUpAsync(other.Text)).Principal!.Id));
    }

    [Fact]
    public async Task ARevokedKeyLeavesTheOneThatReplacedItInForce()
    {
        var old = await store.AddAsync();
        var heir = await store.Keys.RotateAsync(old.Key.Prefix, TimeSpan.FromDays(1));

        await store.Keys.RevokeAsync(old.Key.Prefix);

        Assert.NotNull((await LookUpAsync(heir.Text)).Principal);
    }

    [Fact]
    public async Task OfTwoKeysOfOneNameAtOnceOneIsMade()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () => await Record.ExceptionAsync(() => store.AddAsync()))));

        Assert.Single(outcomes, outcome => outcome is null);
        Assert.All(outcomes.OfType<Exception>(), outcome => Assert.IsType<RefusedException>(outcome));
        Assert.Single(await store.Keys.ListAsync());
    }

    [Fact]
    public async Task WhatCannotBeRotatedSaysWhy()
    {
        var (rotated, revoked) = (await store.AddAsync("a"), await store.AddAsync("b"));
        var heir = await store.Keys.RotateAsync(rotated.Key.Prefix, TimeSpan.Zero);
        await store.Keys.RevokeAsync(revoked.Key.Prefix);

        Assert.Contains($"was rotated to {heir.Key.Prefix}", await RefusedAsync(rotated.Key.Prefix), StringComparison.Ordinal);
        Assert.Contains("is revoked. Add a new one.", await RefusedAsync(revoked.Key.Prefix), StringComparison.Ordinal);
        Assert.Contains("There is no key 'nowhere1'", await RefusedAsync("nowhere1"), StringComparison.Ordinal);

        async Task<string> RefusedAsync(string prefix) => (await Assert.ThrowsAsync<RefusedException>(() => store.Keys.RotateAsync(prefix, TimeSpan.Zero))).Message;
    }

    [Theory]
    [InlineData("", "acme", "submit", "name")]
    [InlineData("a b", "acme", "submit", "name")]
    [InlineData("a", "\u001b[2J", "submit", "tenant")]
    [InlineData("a", "acme", "sumbit", "roles")]
    [InlineData("a", "acme", "", "roles")]
    public async Task AKeyThatIsAskedForWronglyIsRefusedWithTheField(string name, string tenant, string role, string field)
    {
        var refused = await Assert.ThrowsAsync<RefusedException>(() => store.Keys.AddAsync(new NewApiKey(name, tenant, role.Length == 0 ? [] : [role], null)));

        Assert.Equal((Refusal.Invalid, field), (refused.Refusal, refused.Field));
    }

    [Fact]
    public async Task AnyUsableCountsNeitherTheRevokedNorTheExpired()
    {
        Assert.False(await store.Keys.AnyUsableAsync());
        var brief = await store.AddAsync("brief", lifetime: TimeSpan.FromDays(1));
        Assert.True(await store.Keys.AnyUsableAsync());
        store.Time.Advance(TimeSpan.FromDays(1));
        Assert.False(await store.Keys.AnyUsableAsync());

        var lasting = await store.AddAsync("lasting");
        Assert.True(await store.Keys.AnyUsableAsync());
        await store.Keys.RevokeAsync(lasting.Key.Prefix);
        Assert.False(await store.Keys.AnyUsableAsync());
        Assert.NotEqual(brief.Key.Prefix, lasting.Key.Prefix);
    }

    [Fact]
    public async Task ARevocationThatTheDiskHasNoRoomForIsRefusedAndLeavesTheKeyAsItWas()
    {
        using var full = KeyStore.OnSqlite();
        var issued = await full.AddAsync();
        await full.Store.WriteAsync(tx => tx.ExecuteAsync("""
            CREATE TABLE room (taken BLOB);
            CREATE TRIGGER no_room AFTER UPDATE OF revoked_at ON api_keys BEGIN INSERT INTO room VALUES (zeroblob(100000)); END;
            PRAGMA max_page_count = 1 -- as many as there are
            """));

        await Assert.ThrowsAsync<DatabaseFullException>(() => full.Keys.RevokeAsync(issued.Key.Prefix)).Patiently();
        Assert.Null(Assert.Single(await full.Keys.ListAsync()).RevokedAt);

        await full.Store.WriteAsync(tx => tx.ExecuteAsync("PRAGMA max_page_count = 10000"));
        Assert.NotNull((await full.Keys.RevokeAsync(issued.Key.Prefix)).RevokedAt);
    }

    [Fact]
    public async Task AUseIsNotedAtMostOnceAnHour()
    {
        var (key, ring) = (ApiKeyText.Read((await store.AddAsync()).Text)!, store.Ring());
        var first = store.Time.GetUtcNow();
        Assert.Equal(first, await UsedAsync());
        store.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(first, await UsedAsync());
        store.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(store.Time.GetUtcNow(), await UsedAsync());

        async Task<DateTimeOffset?> UsedAsync()
        {
            await ring.LookUpAsync(key);
            await ring.Noted;
            return Assert.Single(await store.Keys.ListAsync()).LastUsedAt;
        }
    }

    private Task<(Principal? Principal, string? Refusal)> LookUpAsync(string text) => store.Ring().LookUpAsync(ApiKeyText.Read(text)!);
}

using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Tests.Identity;
using Xunit;

namespace Holdfast.Agents.Tests.Links;

public sealed class SessionsTests
{
    private static readonly LinkKeys Keys = LinkTexts.Keys(LinkTexts.First);
    private static readonly ApiKeyText Key = ApiKeyText.New();
    private static readonly DateTimeOffset Now = LinkTexts.Now;

    [Fact]
    public void ASessionNamesItsKeyAndDoesNotHoldIt()
    {
        var cookie = Write();

        Assert.Equal(new Session(Key.Prefix, Key.Hash, Keys.Ids[0]), Sessions.Verify(Keys, cookie, Now));
        Assert.Matches("^[A-Za-z0-9_.-]+$", cookie); // what a cookie's value takes as it is
        Assert.DoesNotContain(Key.Reveal().Split('_')[2], System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(cookie.Split('.')[0])), StringComparison.Ordinal);
    }

    [Fact]
    public void ASessionIsOverAfterTwelveHours()
    {
        Assert.NotNull(Sessions.Verify(Keys, Write(), Now.AddHours(12).AddSeconds(-1)));
        Assert.Null(Sessions.Verify(Keys, Write(), Now.AddHours(12)));
    }

    [Fact]
    public void NoFlippedBitAndNoCutAndNoOtherKeysIsTaken()
    {
        var cookie = Write();

        Assert.All(LinkTexts.Slips(cookie).Where(slip => slip != cookie), slip => Assert.Null(Sessions.Verify(Keys, slip, Now)));
        Assert.Null(Sessions.Verify(LinkTexts.Keys(LinkTexts.Second), cookie, Now));
    }

    [Fact]
    public async Task ASessionIsKnownAsItsKeyIsAndEndsWithIt()
    {
        using var store = await KeyStore.NewAsync();
        var issued = await store.AddAsync("bea");
        var proof = Sessions.Verify(Keys, Sessions.Write(Keys, ApiKeyText.Read(issued.Text)!, Now), Now)!.Proof;

        Assert.Equal(("bea", "acme"), (await store.Ring().LookUpAsync(proof)) is var known ? (known.Principal!.Id, known.Principal.Tenant) : default);
        Assert.Null((await store.Ring().LookUpAsync(new KeyProof(proof.Prefix, Key.Hash))).Principal);
        await store.Keys.RevokeAsync(issued.Key.Prefix);
        Assert.Null((await store.Ring().LookUpAsync(proof)).Principal);
    }

    private static string Write() => Sessions.Write(Keys, Key, Now);
}

using System.Text.RegularExpressions;
using Holdfast.Agents.Identity;
using Xunit;

namespace Holdfast.Agents.Tests.Identity;

public sealed class ApiKeyTextTests
{
    [Fact]
    public void AKeyIsOneWordThatAScannerFindsAndAHeaderTakes()
    {
        var key = ApiKeyText.New();

        Assert.Matches(new Regex("^hf_[0-9a-hjkmnp-tv-z]{8}_[0-9a-hjkmnp-tv-z]{58}$"), key.Reveal());
        Assert.Equal(key.Reveal().Split('_')[1], key.Prefix);
        Assert.Equal(key.Hash, ApiKeyText.Read(key.Reveal())!.Hash);
    }

    [Fact]
    public void NoTwoKeysShareAnything()
    {
        var keys = Enumerable.Range(0, 200).Select(_ => ApiKeyText.New()).ToList();

        Assert.Equal(200, keys.Select(key => key.Prefix).Distinct().Count());
        Assert.Equal(200, keys.Select(key => key.Reveal().Split('_')[2]).Distinct().Count());
    }

    [Fact]
    public void ASlipAnywhereIsSeenWithoutAskingTheStore()
    {
        var key = ApiKeyText.New().Reveal();
        for (var at = 0; at < key.Length; at++)
        {
            Assert.Null(ApiKeyText.Read($"{key[..at]}{(key[at] == 'q' ? 'r' : 'q')}{key[(at + 1)..]}"));
            Assert.Null(ApiKeyText.Read(key.Remove(at, 1)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("hf_")]
    [InlineData("sk-4711")]
    [InlineData("hf_00000000_0000000000000000000000000000000000000000000000000000000000")]
    [InlineData("hf_0000000l_\0000000000000000000000000000000000000000000000000000000000")]
    public void WhatIsNotWrittenAsAKeyIsNone(string text) => Assert.Null(ApiKeyText.Read(text));

    [Fact]
    public void AKeyThatIsPrintedShowsItsPrefix()
    {
        var key = ApiKeyText.New();

        Assert.Equal($"hf_{key.Prefix}_…", $"{key}");
    }
}

using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Holdfast.Agents.Secrets;
using Xunit;

namespace Holdfast.Agents.Tests.Secrets;

public sealed class SecretTests : IDisposable
{
    private const string Value = "canary+4711/\"x\"";

    private readonly string directory = Directory.CreateTempSubdirectory("holdfast-secrets-").FullName;
    private readonly Dictionary<string, string> variables = [];

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void ASecretPrintsAsItsNameAndIsWrittenNowhere()
    {
        Write("key", Value);
        var secret = Source().Resolve("apiKey", "secret:key");

        Assert.Equal(Value, secret.Reveal());
        Assert.Equal("secret:key|secret:key", $"{secret}|{string.Concat(secret)}");
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(secret));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(new { inside = new[] { secret } }));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Deserialize<Secret>("\"x\""));
        Assert.Equal("secret", Source().Resolve("apiKey", Value).ToString());
    }

    [Fact]
    public void NoPropertyAndNoDebuggerShowsTheValue()
    {
        Assert.Equal(["Name"], typeof(Secret).GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Select(property => property.Name));
        Assert.All(typeof(Secret).GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Where(field => field.Name == "value"),
            field => Assert.Equal(DebuggerBrowsableState.Never, field.GetCustomAttribute<DebuggerBrowsableAttribute>()!.State));
        Assert.Equal("{ToString(),nq}", typeof(Secret).GetCustomAttribute<DebuggerDisplayAttribute>()!.Value);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("abc\n")]
    [InlineData("abc\r\n")]
    public void ATrailingNewlineIsNotPartOfASecret(string content)
    {
        Write("key", content);

        Assert.Equal("abc", Source().Get("key").Reveal());
    }

    [Fact]
    public void TheFileGoesBeforeTheVariableAndTheVariableServesWithoutOne()
    {
        variables["HOLDFAST_SECRET_OPENAI_KEY"] = "from the environment";
        Assert.Equal("from the environment", Source().Get("openai-key").Reveal());
        Assert.Equal("from the environment", new SecretSource(null, variables.GetValueOrDefault).Get("openai-key").Reveal());

        Write("openai-key", "from the file");
        Assert.Equal("from the file", Source().Get("openai-key").Reveal());
    }

    [Fact]
    public void WhatIsNotNamedIsTheValueItself() => Assert.Equal("sk-1", Source().Resolve("apiKey", "sk-1").Reveal());

    [Theory]
    [InlineData("secret:")]
    [InlineData("secret:..")]
    [InlineData("secret:../key")]
    [InlineData("secret:/etc/passwd")]
    [InlineData("secret:a.b")]
    [InlineData("secret:a\\b")]
    [InlineData("secret:a b")]
    [InlineData("secret:ä")]
    public void ANameLeadsNowhereElse(string value) =>
        Assert.Contains("names no secret", Assert.Throws<SecretException>(() => Source().Resolve("apiKey", value)).Message, StringComparison.Ordinal);

    [Fact]
    public void AMissingSecretSaysWhereItWasLookedForAndWhichSettingNamesIt()
    {
        var message = Assert.Throws<SecretException>(() => Source().Resolve("models:default:apiKey", "secret:key")).Message;

        Assert.StartsWith("models:default:apiKey: There is no secret 'key'.", message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(directory, "key"), message, StringComparison.Ordinal);
        Assert.Contains("HOLDFAST_SECRET_KEY", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0b110_000_000, true)]
    [InlineData(0b100_000_000, true)]
    [InlineData(0b110_100_000, false)]
    [InlineData(0b110_000_100, false)]
    [InlineData(0b110_010_000, false)]
    [InlineData(0b111_000_000, false)]
    public void AFileThatIsOpenToMoreThanItsOwnerIsRefused(int mode, bool isTaken)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var file = Write("key", Value);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, (UnixFileMode)mode);
        }

        var refused = Record.Exception(() => Source().Get("key"));

        Assert.Equal(isTaken, refused is null);
        Assert.True(isTaken || refused!.Message.Contains($"Type: chmod 600 {file}", StringComparison.Ordinal));
        Assert.DoesNotContain(Value, refused?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void ALinkIsJudgedByTheFileThatItLeadsTo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var target = Write("target", Value);
        File.CreateSymbolicLink(Path.Combine(directory, "link"), target);
        Assert.Equal(Value, Source().Get("link").Reveal());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(target, (UnixFileMode)0b110_100_100);
        }

        Assert.Throws<SecretException>(() => Source().Get("link"));
    }

    [Fact]
    public void AFileOfAnotherUserIsRefused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root on Linux can make a file another user's.");
        var file = Write("key", Value);
        using (var chown = Process.Start("chown", ["65534", file]))
        {
            chown.WaitForExit();
        }

        Assert.Contains($"{file} belongs to user 65534", Assert.Throws<SecretException>(() => Source().Get("key")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoSecretIsRefusedWithTheFact()
    {
        Write("empty", "\n");
        Write("large", new string('x', (64 * 1024) + 1));
        File.WriteAllBytes(Write("binary", ""), [0xff, 0xfe]);
        Directory.CreateDirectory(Path.Combine(directory, "folder"));

        Assert.Contains("is empty", Refused("empty"), StringComparison.Ordinal);
        Assert.Contains("has 65537 bytes", Refused("large"), StringComparison.Ordinal);
        Assert.Contains("cannot be read as a secret", Refused("binary"), StringComparison.Ordinal);
        Assert.Contains("cannot be read as a secret", Refused("folder"), StringComparison.Ordinal);

        string Refused(string name) => Assert.Throws<SecretException>(() => Source().Get(name)).Message;
    }

    [Fact]
    public void ATextIsRidOfWhatWasGivenOutAndOfApiKeys()
    {
        Write("key", Value);
        var source = Source();
        Assert.Contains(Value, source.Redact(Value), StringComparison.Ordinal);
        source.Get("key");
        source.Resolve("apiKey", "sk-direct-4711");

        Assert.Equal("a secret:key b secret:key c secret:key d secret:key e secret f", source.Redact(
            $"a {Value} b {Uri.EscapeDataString(Value)} c {JsonEncodedText.Encode(Value)} d {Value.Replace("\"", "\\\"", StringComparison.Ordinal)} e sk-direct-4711 f"));
        Assert.Equal("key hf_abcdefgh_… of", source.Redact($"key hf_abcdefgh_{new string('x', 58)} of"));
        Assert.Equal("hf_ nothing else", source.Redact("hf_ nothing else"));
    }

    [Fact]
    public void OfASecretThatHasAnotherInItNothingIsLeftOverWhicheverWasGivenOutFirst()
    {
        var (part, whole) = ("part-4711", "part-4711-and-the-tail");
        foreach (var (first, second) in new[] { (part, whole), (whole, part) })
        {
            var source = Source();
            source.Resolve("one", first);
            source.Resolve("other", second);

            Assert.Equal("secret and secret", source.Redact($"{whole} and {part}"));
        }
    }

    private SecretSource Source() => new(directory, variables.GetValueOrDefault);

    private string Write(string name, string content)
    {
        var file = Path.Combine(directory, name);
        File.WriteAllText(file, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return file;
    }
}

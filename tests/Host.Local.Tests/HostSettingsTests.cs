using System.Net;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Host.Local.Tests;

public sealed class HostSettingsTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void AnOptionWinsOverAVariableAndAVariableOverTheFile()
    {
        const string File = """{"port": 1001, "data": "file", "model": "file", "log": "json"}""";
        Dictionary<string, string> variables = new() { ["HOLDFAST_PORT"] = "1002", ["HOLDFAST_DATA"] = "variable" };

        var settings = Read(File, variables, "--port", "1003");

        Assert.Equal((1003, "variable", "file", true), (settings.Port, settings.Data, settings.Model, settings.JsonLog));
    }

    [Fact]
    public void WithNothingSetTheDefaultsAreThoseOfTheHelp()
    {
        var settings = Read(null, []);

        Assert.Equal((7071, IPAddress.Loopback, "data", "sqlite", null, false), (settings.Port, settings.Host, settings.Data, settings.Store, settings.Model, settings.JsonLog));
    }

    [Fact]
    public void VariablesOfOtherProgramsChangeNothing()
    {
        Dictionary<string, string> variables = new()
        {
            ["PORT"] = "1", ["HOST"] = "builder-7", ["DATA"] = "elsewhere", ["MODEL"] = "scripted", ["LOG"] = "xml", ["AGENTS"] = "nowhere", ["models__default__model"] = "x",
        };

        var settings = Read(null, variables);

        Assert.Equal((7071, IPAddress.Loopback, "data", null), (settings.Port, settings.Host, settings.Data, settings.Model));
        Assert.Empty(settings.Configuration.GetSection("models").GetChildren());
    }

    [Fact]
    public void AnOptionWithADashIsAVariableWithALine() => Assert.Equal("key.pem", Read(null, new() { ["HOLDFAST_CERTIFICATE_KEY"] = "key.pem" }).CertificateKey);

    [Fact]
    public void ASecretIsNoSetting() =>
        Assert.DoesNotContain(Read(null, new() { ["HOLDFAST_SECRET_KEY"] = "canary" }).Configuration.AsEnumerable(), setting => setting.Value == "canary");

    [Fact]
    public void AnEmptyVariableIsNotSet() => Assert.Equal(7071, Read(null, new() { ["HOLDFAST_PORT"] = "" }).Port);

    [Theory]
    [InlineData("--port=7072")]
    [InlineData("--port", "7072")]
    public void AnOptionHasItsValueBesideOrBehindIt(params string[] args) => Assert.Equal(7072, Read(null, [], args).Port);

    [Theory]
    [InlineData("::1")]
    [InlineData("[::1]")]
    [InlineData("127.0.0.2")]
    [InlineData("localhost")]
    public void EveryLoopbackAddressIsTaken(string host) => Assert.True(IPAddress.IsLoopback(Read(null, [], "--host", host).Host));

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.7,::/0")]
    public void AProxyThatIsEverybodyIsRefused(string proxy) => Assert.Contains($"--proxy (HOLDFAST_PROXY) '{proxy}' is every address there is",
        Assert.Throws<StartException>(() => Read(null, [], "--proxy", proxy)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{\n  \"port\": 7071\n  \"data\": \"x\"\n}", "(3): cannot be read as settings.")]
    [InlineData("[]", "cannot be read as settings.")]
    [InlineData("{\"port\": 1, \"Port\": 2}", "cannot be read as settings.")]
    [InlineData("{\"port\": {\"http\": 1}}", "--port (HOLDFAST_PORT) has parts. Give the port to listen on")]
    [InlineData("{\"port\": \"x\"}", "--port (HOLDFAST_PORT) 'x' is not a number from 1 to 65535.")]
    public void AFileThatIsNoSettingsIsAConfigurationError(string file, string words)
    {
        var refused = Assert.Throws<StartException>(() => Read(file, []));

        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.ExitCode);
    }

    private HostSettings Read(string? file, Dictionary<string, string> variables, params string[] args)
    {
        var path = scratch.At("appsettings.json");
        if (file is not null)
        {
            System.IO.File.WriteAllText(path, file);
        }

        return HostSettings.Read(args, variables, path);
    }
}

using Holdfast.Agents.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Holdfast.Host.Local.Tests;

public sealed class RedactedConsoleTests
{
    [Theory]
    [InlineData(ConsoleFormatterNames.Simple)]
    [InlineData(ConsoleFormatterNames.Json)]
    public void WhatAnExceptionHasOfASecretIsNotWritten(string inner)
    {
        const string Canary = "canary+4711/\"quoted\"";
        var secrets = new SecretSource(null, static _ => Canary);
        secrets.Get("shop-key");
        using var services = new ServiceCollection().AddLogging(logging =>
        {
            logging.AddSimpleConsole().AddJsonConsole();
            RedactedConsole.Use(logging, secrets, inner);
        }).BuildServiceProvider();
        var name = services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName;
        var written = new StringWriter();

        services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == name).Write(
            new LogEntry<string>(LogLevel.Error, "Holdfast", default, $"It said {Canary}.", new InvalidOperationException(Canary), static (state, _) => state), null, written);

        Assert.Contains("It said secret:shop-key.", written.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("4711", written.ToString(), StringComparison.Ordinal);
    }
}

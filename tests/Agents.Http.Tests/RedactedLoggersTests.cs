using Holdfast.Agents.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Http.Tests;

public sealed class RedactedLoggersTests : IDisposable
{
    private const string Canary = "canary+4711/\"quoted\"";
    private const string Pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49canary/4712+\n-----END PRIVATE KEY-----";

    private readonly Sink sink = new();
    private readonly ServiceProvider services;
    private readonly ILogger logger;

    public RedactedLoggersTests()
    {
        var secrets = new SecretSource(null, static name => name == "HOLDFAST_SECRET_CERTIFICATE" ? Pem : Canary);
        secrets.Get("shop-key");
        secrets.Get("certificate");
        var collection = new ServiceCollection().AddLogging(logging => logging.AddProvider(sink));
        RedactedLoggers.Use(collection, secrets);
        services = collection.BuildServiceProvider();
        logger = services.GetRequiredService<ILogger<RedactedLoggersTests>>();
    }

    [Fact]
    public void WhatALineItsValuesItsScopeAndItsExceptionsHaveOfASecretReachesNoLogger()
    {
        var cause = new InvalidOperationException("It failed.", new AggregateException(new IOException($"The shop said {Canary}."), new IOException(Canary)));
        using (logger.BeginScope("With {Key}", Canary))
        {
            logger.LogError(cause, "Run {Run} was told {Words}.", "run_1", $"{Canary} twice: {Uri.EscapeDataString(Canary)}");
        }

        Assert.DoesNotContain(sink.Seen, seen => seen.Contains("4711", StringComparison.Ordinal));
        Assert.Contains("Run run_1 was told secret:shop-key twice: secret:shop-key.", sink.Seen);
        Assert.Contains("Words=secret:shop-key twice: secret:shop-key", sink.Seen);
        Assert.Contains("Run=run_1", sink.Seen);
        Assert.Contains("With secret:shop-key", sink.Seen);
        Assert.Contains(sink.Seen, seen => seen.Contains("The shop said secret:shop-key.", StringComparison.Ordinal));
    }

    [Fact]
    public void OfASecretOfManyLinesNoneIsLeft()
    {
        logger.LogError(new IOException($"The far side refused\n{Pem}\nand hung up."), "Run {Run} was told {Words}", "run_1", Pem);

        Assert.Contains("Run run_1 was told secret:certificate", sink.Seen);
        Assert.DoesNotContain(sink.Seen, seen => seen.Contains("PRIVATE KEY", StringComparison.Ordinal) || seen.Contains("4712", StringComparison.Ordinal));
    }

    [Fact]
    public void AnExceptionThatHasNoneInItIsLoggedAsItIs()
    {
        var cause = new InvalidOperationException("It failed.");
        logger.LogError(cause, "Run {Run} is paused.", "run_1");
        Assert.Same(cause, sink.Cause);
    }

    public void Dispose()
    {
        services.Dispose();
        sink.Dispose();
    }

    /// <summary>Stands for whatever writes lines, and reads all of what it is given.</summary>
    private sealed class Sink : ILoggerProvider, ILogger
    {
        public List<string> Seen { get; } = [];

        public Exception? Cause { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            See(state);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Seen.Add(formatter(state, exception));
            See(state);
            for (var one = Cause = exception; one is not null; one = one.InnerException)
            {
                Seen.AddRange([one.Message, one.ToString(), one.StackTrace ?? ""]);
            }
        }

        public void Dispose()
        {
        }

        private void See(object? state)
        {
            Seen.Add(state?.ToString() ?? "");
            Seen.AddRange((state as IEnumerable<KeyValuePair<string, object?>> ?? []).Select(value => $"{value.Key}={value.Value}"));
        }
    }
}

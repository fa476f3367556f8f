using Holdfast.Agents.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Holdfast.Host.Local;

/// <summary>Writes what another formatter writes, without the secrets that somebody's exception or message may have in it.</summary>
/// <param name="services">Asked at the first line: the other formatter is made together with this one.</param>
internal sealed class RedactedConsole(IServiceProvider services, SecretSource secrets, string inner) : ConsoleFormatter(Called)
{
    private const string Called = "redacted";

    private readonly Lazy<ConsoleFormatter> inner = new(() => services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == inner));

    /// <summary>Puts it before the formatter that is set up under a name.</summary>
    public static void Use(ILoggingBuilder logging, SecretSource secrets, string inner)
    {
        logging.Services.AddSingleton<ConsoleFormatter>(services => new RedactedConsole(services, secrets, inner));
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.FormatterName = Called);
    }

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        using var text = new StringWriter();
        inner.Value.Write(logEntry, scopeProvider, text);
        textWriter.Write(secrets.Redact(text.ToString()));
    }
}

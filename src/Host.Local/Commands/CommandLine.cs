using Holdfast.Agents.Http;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Durable.Embedded;
using Holdfast.Durable.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Holdfast.Host.Local.Commands;

/// <summary>A command as it was typed: run here if nobody holds the data directory, and otherwise by the host that does.</summary>
internal static class CommandLine
{
    /// <summary>What was typed, as the command and the options that say where the store is. Without a command all of it is the host's.</summary>
    /// <exception cref="StartException">There is no such command, or not so: said before a slip makes a directory.</exception>
    public static (IReadOnlyList<string> Command, IReadOnlyList<string> Options) Split(IReadOnlyList<string> args)
    {
        if (args is not [{ Length: > 0 } first, ..] || first[0] == '-')
        {
            return ([], args);
        }

        List<string> words = [], options = [];
        for (var i = 0; i < args.Count; i++)
        {
            var isOfStore = HostSettings.OfStore.Any(name => args[i] == $"--{name}" || args[i].StartsWith($"--{name}=", StringComparison.Ordinal));
            (isOfStore ? options : words).Add(args[i]);
            if (isOfStore && !args[i].Contains('=', StringComparison.Ordinal) && i + 1 < args.Count)
            {
                options.Add(args[++i]);
            }
        }

        CommandArguments.Read(Command.Find(words), words);
        return (words, options);
    }

    /// <returns>The exit code.</returns>
    /// <exception cref="StartException">The directory is held by a process that does not answer, or the store cannot be used.</exception>
    public static async Task<int> RunAsync(HostSettings settings, IReadOnlyList<string> words)
    {
        var answer = await AnswerAsync(settings, words);
        await Console.Out.WriteAsync(answer.Output);
        if (answer.Note.Length > 0)
        {
            await Console.Error.WriteLineAsync(settings.Secrets.Redact(answer.Note)); // not the output, which is where a new key is shown
        }

        return answer.Code;
    }

    private static async Task<CommandAnswer> AnswerAsync(HostSettings settings, IReadOnlyList<string> words)
    {
        var data = Path.GetFullPath(settings.Data);
        var postgres = ConfiguredStore.Check(settings);
        try
        {
            return await HeldDirectory.UntilFreeAsync(() => AnswerAsync(settings.Secrets, data, postgres, words));
        }
        catch (DataDirectoryOwnedException e)
        {
            throw new StartException($"{e.Message} It does not answer commands: it may be starting, stopping, or another user's. Try again.", StartException.Otherwise, e);
        }
    }

    /// <exception cref="DataDirectoryOwnedException">Somebody holds the directory who does not answer.</exception>
    private static async Task<CommandAnswer> AnswerAsync(SecretSource secrets, string data, PostgresOptions? postgres, IReadOnlyList<string> words)
    {
        try
        {
            if (postgres is null && !ConfiguredStore.IsIn(data) && !Command.Find(words).Begins)
            {
                throw new StartException($"There is no agent store in {data}. Name the directory that the host has with --data, or its PostgreSQL with --store.");
            }

            // A database of its own takes whoever comes; a file is written by one process.
            using var directory = postgres is null ? DataDirectory.Own(data) : null;
            using var loggers = Loggers(secrets);
            using var store = await ConfiguredStore.OpenAsync(postgres, data, loggers.CreateLogger("Holdfast"), CancellationToken.None);
            return await Command.RunAsync(store, words, loggers);
        }
        catch (DataDirectoryOwnedException)
        {
            if (await ControlSocket.SendAsync(data, words) is { } answer)
            {
                return answer;
            }

            throw;
        }
    }

    // Beside what the command answers: that it waits for a database, for one.
    private static RedactedLoggers Loggers(SecretSource secrets) => new(LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }), secrets);
}

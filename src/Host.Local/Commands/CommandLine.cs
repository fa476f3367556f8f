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
    public static bool Is(IReadOnlyList<string> args) => args is [{ Length: > 0 } first, ..] && first[0] != '-';

    /// <returns>The exit code.</returns>
    /// <exception cref="StartException">There is no such command, or the directory is held by a process that does not answer.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        var (words, options) = Split(args);
        CommandArguments.Read(Command.Find(words), words); // before a slip makes a directory
        var settings = HostSettings.Read(options);
        var answer = await RunAsync(settings, words);
        await Console.Out.WriteAsync(answer.Output);
        if (answer.Note.Length > 0)
        {
            await Console.Error.WriteLineAsync(answer.Note);
        }

        return answer.Code;
    }

    private static async Task<CommandAnswer> RunAsync(HostSettings settings, IReadOnlyList<string> words)
    {
        var data = Path.GetFullPath(settings.Data);
        var postgres = ConfiguredStore.Check(settings);
        try
        {
            return await HeldDirectory.UntilFreeAsync(() => RunAsync(data, postgres, words));
        }
        catch (DataDirectoryOwnedException e)
        {
            throw new StartException($"{e.Message} It does not answer commands: it may be starting, stopping, or another user's. Try again.", StartException.Otherwise, e);
        }
    }

    /// <exception cref="DataDirectoryOwnedException">Somebody holds the directory who does not answer.</exception>
    private static async Task<CommandAnswer> RunAsync(string data, PostgresOptions? postgres, IReadOnlyList<string> words)
    {
        try
        {
            if (postgres is null && !ConfiguredStore.IsIn(data) && !Command.Find(words).Begins)
            {
                throw new StartException($"There is no agent store in {data}. Name the directory that the host has with --data, or its PostgreSQL with --store.");
            }

            // A database of its own takes whoever comes; a file is written by one process.
            using var directory = postgres is null ? DataDirectory.Own(data) : null;
            using var loggers = Loggers();
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
    private static ILoggerFactory Loggers() => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });

    // Where the store is, the host's settings say; the rest is the command's.
    private static (IReadOnlyList<string> Words, IReadOnlyList<string> Options) Split(IReadOnlyList<string> args)
    {
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

        return (words, options);
    }
}

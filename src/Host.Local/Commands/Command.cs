using Holdfast.Agents;
using Holdfast.Agents.Storage;
using Holdfast.Sqlite;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local.Commands;

/// <summary>What an operator types behind the program's name instead of starting the host.</summary>
/// <param name="Name">Its words, as in "keys add".</param>
/// <param name="Takes">What stands behind them, for the help.</param>
/// <param name="Does">For the help.</param>
/// <param name="Act">Runs over the agent store, in the process that holds it, and logs there. What it throws as <see cref="RefusedException"/> is told.</param>
internal sealed record Command(string Name, string Takes, string Does, Func<AgentStore, CommandArguments, ILoggerFactory, Task<CommandAnswer>> Act)
{
    /// <summary>Whether it may come before the first start, and makes the store then.</summary>
    public bool Begins { get; init; }

    /// <summary>All there are.</summary>
    public static IReadOnlyList<Command> All { get; } = [.. KeyCommands.All, .. EngineCommands.All, .. LinkCommands.All, .. AuditCommands.All];

    /// <summary>Of a command whose answer is lost.</summary>
    public const string NotKnown = "Whether it was done is not known: look at 'keys list', 'engines list' or 'links list'. A key that nobody was shown is revoked by 'keys revoke'.";

    public static string Help { get; } = "Commands, in place of options:" + Environment.NewLine
        + string.Concat(All.Select(command => $"  {$"{command.Name} {command.Takes}".TrimEnd()}{Environment.NewLine}      {command.Does}{Environment.NewLine}"))
        + $"Each takes {string.Join(", ", HostSettings.OfStore.Select(name => $"--{name}"))} as the host does, and works while the host runs and while it does not.{Environment.NewLine}";

    /// <summary>Runs the command that these words begin with.</summary>
    public static Task<CommandAnswer> RunAsync(AgentStore store, IReadOnlyList<string> words, ILoggerFactory loggers) => RunAsync(() =>
    {
        var command = Find(words);
        return command.Act(store, CommandArguments.Read(command, words), loggers);
    });

    /// <summary>What a command ends with, also where it fails for a reason that an operator can do something about.</summary>
    public static async Task<CommandAnswer> RunAsync(Func<Task<CommandAnswer>> act)
    {
        try
        {
            return await act();
        }
        catch (StartException e)
        {
            return new(e.ExitCode, "", e.Message);
        }
        catch (Exception e) when (e is DatabaseException or StoreRefusedException or StoreUnavailableException)
        {
            return new(StartException.Otherwise, "", e is StoreUnavailableException { MayBeStored: true } ? $"{e.Message} {NotKnown}" : e.Message);
        }
        catch (ObjectDisposedException)
        {
            return new(StartException.Otherwise, "", "The host is stopping, and did not do this. Try again once it has ended.");
        }
        catch (RefusedException e)
        {
            return new(e.Refusal == Refusal.Invalid ? StartException.Configuration : StartException.Otherwise, "", e.Message);
        }
    }

    /// <exception cref="StartException">There is none.</exception>
    public static Command Find(IReadOnlyList<string> words) =>
        All.FirstOrDefault(command => command.Name.Split(' ') is var name && words.Take(name.Length).SequenceEqual(name))
            ?? throw new StartException($"'{string.Join(' ', words.TakeWhile(word => !word.StartsWith("--", StringComparison.Ordinal)).Take(2))}' is no command.{Environment.NewLine}{Help}");
}

/// <param name="Code">The exit code.</param>
/// <param name="Output">What a program would read on.</param>
/// <param name="Note">What a person should know.</param>
internal sealed record CommandAnswer(int Code, string Output, string Note);

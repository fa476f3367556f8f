using Holdfast.Agents.Definitions;

namespace Holdfast.Host.Local.Commands;

/// <summary>What stands behind a command, checked against what it takes.</summary>
internal sealed class CommandArguments
{
    private readonly Command command;
    private readonly List<string> plain = [];
    private readonly Dictionary<string, string> options = new(StringComparer.Ordinal);

    private CommandArguments(Command command) => this.command = command;

    /// <exception cref="StartException">An option that it does not take, or without its value, or twice, or missing; a word too many or too few.</exception>
    public static CommandArguments Read(Command command, IReadOnlyList<string> words)
    {
        var taken = command.Takes.Split(' ').Select(word => word.Trim('[', ']')).ToList();
        var arguments = new CommandArguments(command);
        for (var at = command.Name.Split(' ').Length; at < words.Count; at++)
        {
            if (!words[at].StartsWith("--", StringComparison.Ordinal))
            {
                arguments.plain.Add(words[at]);
                continue;
            }

            var (name, value) = words[at].Split('=', 2) is [var left, var right] ? (left, right) : (words[at], null);
            value ??= at + 1 < words.Count ? words[++at] : "";
            if (!taken.Contains(name) || value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal) || !arguments.options.TryAdd(name[2..], value))
            {
                throw arguments.Wrong($"{name} is unknown, has no value, or is given twice.");
            }
        }

        if (command.Takes.Split(' ').FirstOrDefault(word => word.StartsWith("--", StringComparison.Ordinal) && !arguments.options.ContainsKey(word[2..])) is { } missing)
        {
            throw arguments.Wrong($"{missing} is missing.");
        }

        // A word in capitals that follows no option is one that the command takes by its place.
        var places = taken.Where((word, at) => word.Length > 0 && !word.StartsWith("--", StringComparison.Ordinal) && (at == 0 || !taken[at - 1].StartsWith("--", StringComparison.Ordinal)));
        return arguments.plain.Count == places.Count() ? arguments : throw arguments.Wrong($"{arguments.plain.Count} words without an option are given, {places.Count()} are taken.");
    }

    /// <summary>The word that stands without an option.</summary>
    public string Word => plain[0];

    public string? Find(string option) => options.GetValueOrDefault(option);

    /// <summary>An option that the command cannot do without.</summary>
    public string Get(string option) => options[option];

    /// <summary>Whether an option that takes nothing but yes is given.</summary>
    /// <exception cref="StartException">It says something else.</exception>
    public bool IsYes(string option) => Find(option) switch
    {
        null => false,
        "yes" => true,
        var other => throw Wrong($"--{option} takes yes and nothing else; it is '{other}'."),
    };

    /// <exception cref="StartException">It is no duration, or too long.</exception>
    public TimeSpan Duration(string option, string otherwise, TimeSpan least, TimeSpan most)
    {
        try
        {
            return Agents.Definitions.Duration.Parse(Find(option) ?? otherwise, least, most);
        }
        catch (FormatException e)
        {
            throw Wrong($"--{option}: {e.Message}");
        }
    }

    private StartException Wrong(string fact) => new($"{fact} Type: {command.Name} {command.Takes}");
}

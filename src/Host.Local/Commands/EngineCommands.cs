using System.Globalization;
using Holdfast.Agents;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Storage;
using Microsoft.Extensions.Logging;

namespace Holdfast.Host.Local.Commands;

/// <summary>The engines of an agent store, for the operator.</summary>
internal static class EngineCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("engines list", "", "Shows every engine that has served the agent store: when it was last seen, and how many of its runs have not ended.",
            async (store, _, loggers) => Listed(await Roster(store, loggers).ListAsync())),
        new("engines retire", "ID [--force yes]", "Bars an engine that is gone for good, and ends its runs as failed. Forced, also one that was seen a moment ago.",
            async (store, given, loggers) => Retired(given.Word, await Roster(store, loggers).RetireAsync(given.Word, Environment.UserName, given.IsYes("force")))),
    ];

    private static EngineRoster Roster(AgentStore store, ILoggerFactory loggers) => EngineRoster.Of(store, new AgentOptions(), loggers);

    private static CommandAnswer Retired(string id, EngineRetired retired) => new(retired.Left == 0 ? 0 : StartException.Otherwise, "",
        $"Engine {id} is retired. Runs ended by this: {retired.Ended}."
        + (retired.Left == 0 ? "" : $" {retired.Left} could not be ended yet, for which the log of whoever ran this has the cause; the sweep of any host goes on with them, or type the same again."));

    private static CommandAnswer Listed(IReadOnlyList<EngineView> engines) => engines.Count == 0 ? new(0, "", "No engine has served this store yet.") : new(0, List(engines), "");

    private static string List(IReadOnlyList<EngineView> engines)
    {
        List<string[]> rows = [["ID", "KIND", "LOCATION", "VERSION", "LAST SEEN", "LIVE RUNS", "STATE"]];
        rows.AddRange(engines.Select(engine => new[]
        {
            engine.Id, engine.Kind, engine.Location, engine.Version, Show(engine.SeenAt), engine.LiveRuns.ToString(CultureInfo.InvariantCulture),
            engine.RetiredAt is { } at ? $"retired {Show(at)} by {engine.RetiredBy}" : "in force",
        }));
        return Table.Of(rows);
    }

    private static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
}

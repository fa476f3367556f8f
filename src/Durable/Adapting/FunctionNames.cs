using System.Text.RegularExpressions;

namespace Holdfast.Durable.Adapting;

/// <summary>Whether a function app has a function for everything that is registered.</summary>
public static partial class FunctionNames
{
    public const string Orchestration = "orchestrationTrigger";

    public const string Activity = "activityTrigger";

    /// <summary>What is wrong, a sentence each; empty when everything can be called.</summary>
    /// <param name="functions">The app's functions, with the type of their trigger.</param>
    public static IEnumerable<string> Problems(DurableRegistry registry, IReadOnlyCollection<(string Name, string Trigger)> functions)
    {
        var registered = registry.Orchestrators.Keys.Select(name => (Name: name, Trigger: Orchestration))
            .Concat(registry.Activities.Keys.Select(name => (Name: name, Trigger: Activity))).ToList();
        foreach (var (name, trigger) in registered)
        {
            if (!Name().IsMatch(name))
            {
                yield return $"'{name}' cannot be the name of a function: begin with a letter, and use letters, digits, '-' and '_', 127 at most.";
            }
            else if (!functions.Contains((name, trigger)))
            {
                yield return Missing(name, trigger, functions.Where(one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase)).ToList());
            }
        }

        foreach (var clash in registered.GroupBy(one => one.Name, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1))
        {
            yield return $"{string.Join(" and ", clash.Select(one => $"'{one.Name}' ({one.Trigger})"))} are one name to the Functions host, which ignores case. Rename one.";
        }
    }

    private static string Missing(string name, string trigger, List<(string Name, string Trigger)> alike) =>
        (trigger == Orchestration ? "Orchestrator" : "Activity") + $" '{name}' has no function"
        + (alike.Count > 0 ? $", only {string.Join(", ", alike.Select(one => $"'{one.Name}' ({one.Trigger})"))}" : "")
        + $". Add one line to the program: [Function(\"{name}\")] with an [{(trigger == Orchestration ? "OrchestrationTrigger" : "ActivityTrigger")}] parameter.";

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_-]{0,126}\z")]
    private static partial Regex Name();
}

using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Definitions.Yaml;

namespace Holdfast.Agents.Models.Scripted;

/// <summary>What a scripted model says: the first rule that fits the conversation answers.</summary>
/// <example><code>
/// rules:
///   - when: {said: 'refund .*order (?&lt;order&gt;[A-Z]-\d+)', after: nothing}
///     call: [{tool: lookup_order, arguments: {order: '{order}'}}]
///   - when: {after: lookup_order, failed: false}
///     say: The order was {lookup_order.total} EUR.
/// </code></example>
public sealed class Script
{
    public const string FileName = "script.yaml";

    private Script(IReadOnlyList<ScriptRule> rules) => Rules = rules;

    internal IReadOnlyList<ScriptRule> Rules { get; }

    /// <summary>Reads script.yaml in an agent's folder.</summary>
    /// <exception cref="DefinitionException">A file that is missing or wrong. Names file, line, fact and remedy.</exception>
    public static Script Load(string agentFolder)
    {
        var file = Path.Combine(agentFolder, FileName);
        return Read(file, StrictYaml.ReadFile(file));
    }

    /// <param name="file">How errors name it.</param>
    /// <exception cref="DefinitionException">No script. Names file, line, fact and remedy.</exception>
    public static Script Parse(string file, string text) => Read(file, StrictYaml.Read(file, text));

    private static Script Read(string file, YamlNode root) => new(new ScriptReader(file).Read(root));
}

/// <summary>A rule: when it fits, and what it answers. What is null or empty fits everything.</summary>
internal sealed record ScriptRule(int Line, ScriptWhen When, ScriptTemplate? Say, IReadOnlyList<ScriptCall> Calls);

/// <param name="Said">Found in the last thing that the user said.</param>
/// <param name="After">The tool whose result is the newest message, or <see cref="Nothing"/> if that is the user's.</param>
/// <param name="Result">Fields of the newest result and the values that they must have.</param>
/// <param name="Failed">Whether the newest result is an error.</param>
/// <param name="Turn">How many replies there will have been with this one.</param>
internal sealed record ScriptWhen(Regex? Said, string? After, IReadOnlyList<ScriptField> Result, bool? Failed, int? Turn)
{
    public const string Nothing = "nothing";

    public static ScriptWhen Always { get; } = new(null, null, [], null, null);
}

internal sealed record ScriptField(string Path, System.Text.Json.JsonElement Expected);

/// <param name="Arguments">Text is a template; text in place of the whole is sent as it is, so that a script can play a model that writes
/// bad JSON.</param>
internal sealed record ScriptCall(string Tool, YamlNode? Arguments);

using Holdfast.Agents.Json;

namespace Holdfast.Agents.Tools;

/// <summary>What a model sent as a tool call's arguments, judged. Exactly one of the two is not null.</summary>
/// <param name="Canonical">The arguments in canonical form (RFC 8785), valid and with their defaults: what is approved, digested and
/// run.</param>
/// <param name="Error">What is wrong and how to mend it, for the model.</param>
public sealed record ToolArguments(string? Canonical, string? Error)
{
    /// <summary>Parses, canonicalizes, fills in defaults and validates. Takes any text; never throws for what a model wrote.</summary>
    /// <param name="rawJson">The model's text; empty stands for no arguments, as models send it for tools without parameters.</param>
    public static ToolArguments Read(string? rawJson, Tool tool)
    {
        try
        {
            var sent = CanonicalJson.Parse(string.IsNullOrWhiteSpace(rawJson) ? "{}" : rawJson);
            // Canonical first: everything after it then meets only numbers and texts that are what they seem.
            var canonical = CanonicalJson.Parse(CanonicalJson.Write(sent));
            var filled = CanonicalJson.Write(tool.Schema.FillDefaults(canonical));
            return tool.Misfit(CanonicalJson.Parse(filled)) is { } misfit ? Refuse(tool, misfit) : new(filled, null);
        }
        catch (JsonRefusedException e)
        {
            return Refuse(tool, e.Message);
        }
    }

    private static ToolArguments Refuse(Tool tool, string fault) => new(null, $"The arguments of {tool.Name} were refused. {fault}");
}

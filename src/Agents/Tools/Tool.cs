using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Tools;

/// <summary>The act behind a tool. The arguments fit the tool's schema and have their defaults; the result is any JSON.</summary>
public delegate Task<JsonElement> ToolAct(JsonElement arguments, ToolContext context, CancellationToken cancellation);

/// <summary>
/// Something an agent can call: what the model sees of it, what policies need to know, and the act. Made by <see cref="Toolbox.From"/> from
/// a method, or by hand for a tool that lives elsewhere.
/// </summary>
public sealed partial class Tool
{
    internal const int DefaultRetries = 3;
    internal const int DefaultResultLimit = 64 * 1024;
    private const int MostRetries = 10;
    private const int LargestResultLimit = 1024 * 1024;

    private readonly ToolAct act;

    /// <param name="name">1 to 64 of a-z, A-Z, 0-9, _ and -.</param>
    /// <param name="description">What it is for; the model chooses by it.</param>
    /// <param name="parameters">An object schema in the part that <see cref="JsonSchema"/> enforces.</param>
    /// <param name="act">Run for every call and every retry, once it has passed the gate.</param>
    /// <exception cref="ToolRefusedException">A name, description or schema that cannot be offered.</exception>
    public Tool(string name, string description, JsonElement parameters, ToolAct act)
    {
        Name = ToolName().IsMatch(name) ? name : throw new ToolRefusedException($"Tool name '{name}' is not 1 to 64 of a-z, A-Z, 0-9, _ "
            + "and -. Rename it.");
        Description = !string.IsNullOrWhiteSpace(description) ? description : throw new ToolRefusedException($"Tool '{name}' has no "
            + "description. Say what it is for.");
        Parameters = parameters.Clone();
        Schema = LoadSchema(name, Parameters);
        Declaration = AIFunctionFactory.CreateDeclaration(Name, Description, Parameters);
        SchemaLength = Parameters.GetRawText().Length;
        this.act = act;
    }

    public string Name { get; }

    public string Description { get; }

    /// <summary>The JSON Schema of the arguments, as the model is given it.</summary>
    public JsonElement Parameters { get; }

    /// <summary><see cref="Parameters"/>, compiled.</summary>
    public JsonSchema Schema { get; }

    /// <inheritdoc cref="ToolAttribute.Does"/>
    public Effect Effect { get; init; }

    /// <inheritdoc cref="ToolAttribute.Reads"/>
    public Reads Reads { get; init; }

    /// <inheritdoc cref="ToolAttribute.Idempotent"/>
    public bool Idempotent { get; init; }

    /// <summary>How long one call may take: 1 s to 1 h, default 30 s. The caller enforces it.</summary>
    public TimeSpan Timeout
    {
        get;
        init => field = value >= ShortestTimeout && value <= LongestTimeout ? value : throw new ToolRefusedException(
            $"Tool '{Name}': a timeout of {value} is out of range. Give {Duration.Show(ShortestTimeout)} to "
                + $"{Duration.Show(LongestTimeout)}.");
    } = TimeSpan.FromSeconds(30);

    /// <inheritdoc cref="ToolAttribute.Retries"/>
    public int Retries
    {
        get;
        init => field = value is >= 0 and <= MostRetries ? value : throw new ToolRefusedException(
            $"Tool '{Name}': {value} retries are out of range. Give 0 to {MostRetries}.");
    } = DefaultRetries;

    /// <inheritdoc cref="ToolAttribute.ResultLimit"/>
    public int ResultLimit
    {
        get;
        init => field = value is >= 1 and <= LargestResultLimit ? value : throw new ToolRefusedException(
            $"Tool '{Name}': a result limit of {value} bytes is out of range. Give 1 to {LargestResultLimit}.");
    } = DefaultResultLimit;

    /// <summary>What rules go by.</summary>
    public ToolTraits Traits => new(Name, Effect, Schema);

    /// <summary>What a model is offered.</summary>
    internal AIFunctionDeclaration Declaration { get; }

    /// <summary>Characters of <see cref="Parameters"/>, which every prompt holds.</summary>
    internal int SchemaLength { get; }

    /// <summary>What the act cannot read in arguments that fit the schema, as a message for the model; null if it can.</summary>
    internal Func<JsonElement, string?> Unreadable { private get; init; } = _ => null;

    internal static TimeSpan ShortestTimeout => TimeSpan.FromSeconds(1);

    internal static TimeSpan LongestTimeout => TimeSpan.FromHours(1);

    /// <summary>Why the tool cannot take these arguments, for the model; null if it can. Nothing is run.</summary>
    public string? Misfit(JsonElement arguments) => Breach(arguments) ?? Unreadable(arguments);

    /// <summary>Acts. May be called again for the same call, with the same key; whether that is safe is said by
    /// <see cref="Idempotent"/>.</summary>
    /// <exception cref="NotDoneException">Nothing happened: the tool says so, or it cannot take the arguments.</exception>
    /// <exception cref="ToolResultException">It happened, but the result is over <see cref="ResultLimit"/> or not JSON.</exception>
    /// <exception cref="Exception">Whatever the tool threw, as it was thrown.</exception>
    public async Task<JsonElement> InvokeAsync(JsonElement arguments, ToolContext context, CancellationToken cancellation)
    {
        if (Breach(arguments) is { } breach)
        {
            throw new NotDoneException(breach); // they fitted the schema that the tool had when they were proposed
        }

        var result = await act(arguments, context, cancellation);
        var size = result.ValueKind == JsonValueKind.Undefined
            ? throw new ToolResultException($"Tool '{Name}' was called, but gave no JSON value.")
            : Encoding.UTF8.GetByteCount(result.GetRawText());
        return size <= ResultLimit ? result : throw new ToolResultException(
            $"Tool '{Name}' was called, but its result of {size} bytes is over its limit of {ResultLimit}. Return less, or raise "
                + "ResultLimit.");
    }

    private string? Breach(JsonElement arguments) => Schema.Validate(arguments) is { Count: > 0 } violations ? string.Join(" ", violations) : null;

    private static JsonSchema LoadSchema(string name, JsonElement parameters)
    {
        try
        {
            var schema = JsonSchema.Load(parameters);
            return schema.Types == JsonTypes.Object ? schema
                : throw new ToolRefusedException($"Tool '{name}': its parameters are not an object. Give the schema \"type\": \"object\".");
        }
        catch (JsonRefusedException e)
        {
            throw new ToolRefusedException($"Tool '{name}': {e.Message}", e);
        }
    }

    [GeneratedRegex(@"^[a-zA-Z0-9_-]{1,64}\z")]
    private static partial Regex ToolName();
}

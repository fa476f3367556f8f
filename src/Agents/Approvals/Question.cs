using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Json;
using Holdfast.Agents.Tools;

namespace Holdfast.Agents.Approvals;

/// <summary>Something that an agent asks a person, by the tool ask_person. It is never run: the answer is its result.</summary>
/// <param name="Kind">text, choice, number or date.</param>
/// <param name="Choices">Of a choice, what can be chosen; else empty.</param>
/// <param name="Schema">What an answer has to be.</param>
public sealed record Question(string Text, string Kind, IReadOnlyList<string> Choices, JsonSchema Schema)
{
    public const string ToolName = "ask_person";
    public const string OfText = "text";
    public const string OfChoice = "choice";
    public const string OfNumber = "number";
    public const string OfDate = "date";

    private const string DatePattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

    private const string Parameters = """
        {
          "type": "object",
          "properties": {
            "question": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "The whole question, as the person is to read it."},
            "kind": {"type": "string", "enum": ["text", "choice", "number", "date"], "default": "text", "description": "What is asked for. A date is answered as 2026-12-31."},
            "choices": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "minItems": 2, "maxItems": 20, "description": "With choice: what can be chosen."},
            "schema": {"type": "object", "description": "What else an answer has to fit, as JSON Schema: minimum and maximum of a number, maxLength or pattern of a text."}
          },
          "required": ["question"],
          "additionalProperties": false
        }
        """;

    /// <summary>The tool, for every agent that lists it.</summary>
    internal static Tool Tool { get; } = new(
        ToolName, "Asks a person a question and gives their answer. It may take days. Use it when only a person can know or decide.", JsonDocument.Parse(Parameters).RootElement,
        (_, _, _) => throw new InvalidOperationException("A question is answered by a person and never run. This is a fault of ours."))
    {
        Unreadable = arguments => Read(arguments).Misfit,
    };

    /// <param name="arguments">Those of a call that was accepted.</param>
    public static Question Of(JsonElement arguments) => Read(arguments) is { Question: { } question } ? question
        : throw new ArgumentException("These are not the arguments of a question.", nameof(arguments));

    /// <summary>Why a value is no answer; null if it is one.</summary>
    public string? Misfit(JsonElement answer) => Schema.Validate(answer) is { Count: > 0 } faults ? $"result: {string.Join(" ", faults)}"
        : Kind == OfDate && !DateOnly.TryParseExact(answer.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? $"result: there is no day {JsonPlace.Show(answer)}. Give one as 2026-12-31." : null;

    private static (Question? Question, string? Misfit) Read(JsonElement arguments)
    {
        var kind = arguments.TryGetProperty("kind", out var given) ? given.GetString()! : OfText;
        string[] choices = arguments.TryGetProperty("choices", out var list) ? [.. list.EnumerateArray().Select(choice => choice.GetString()!)] : [];
        if ((kind == OfChoice) != (choices.Length > 0))
        {
            return (null, kind == OfChoice ? "choices: a choice needs something to choose from. List it." : $"choices: they go with the kind choice, not {kind}. Leave them out.");
        }

        if (choices.Distinct(StringComparer.Ordinal).Count() < choices.Length)
        {
            return (null, "choices: one of them is there twice. Keep one.");
        }

        var schema = Basis(kind, choices);
        if (arguments.TryGetProperty("schema", out var more))
        {
            schema = new JsonObject { ["allOf"] = new JsonArray(schema, JsonNode.Parse(more.GetRawText())) };
        }

        try
        {
            return (new Question(arguments.GetProperty("question").GetString()!, kind, choices, JsonSchema.Load(JsonSerializer.SerializeToElement(schema))), null);
        }
        catch (JsonRefusedException e)
        {
            return (null, $"schema: {e.Message}");
        }
    }

    private static JsonObject Basis(string kind, string[] choices) => kind switch
    {
        OfChoice => new() { ["enum"] = new JsonArray([.. choices.Select(choice => (JsonNode)choice)]) },
        OfNumber => new() { ["type"] = "number" },
        OfDate => new() { ["type"] = "string", ["pattern"] = DatePattern },
        _ => new() { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 4000 },
    };
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Definitions;

/// <summary>How an argument is compared. Numbers exactly as decimals, text by code unit.</summary>
[JsonConverter(typeof(CamelCaseEnum<Comparer>))]
public enum Comparer
{
    /// <summary>More than a number.</summary>
    Over,

    /// <summary>A number or more.</summary>
    AtLeast,

    /// <summary>Less than a number.</summary>
    Under,

    /// <summary>A number or less.</summary>
    AtMost,

    /// <summary>The same text, number, true or false.</summary>
    Equals,

    /// <summary>Another text, number, true or false, of the same type.</summary>
    Not,

    /// <summary>One of a list.</summary>
    In,

    /// <summary>Text that begins so.</summary>
    StartsWith,
}

/// <param name="Value">A number, a text, true or false; a list of them for <see cref="Comparer.In"/>.</param>
public sealed record Comparison(Comparer Comparer, JsonElement Value)
{
    public Truth Evaluate(JsonElement argument)
    {
        // A comparison with another type is neither true nor false: who wrote the rule did not think of this value.
        if (!Against.Any(value => Type(value) == Type(argument)))
        {
            return Truth.Unknown;
        }

        var holds = Comparer switch
        {
            Comparer.Over => Number(argument) > Number(Value),
            Comparer.AtLeast => Number(argument) >= Number(Value),
            Comparer.Under => Number(argument) < Number(Value),
            Comparer.AtMost => Number(argument) <= Number(Value),
            Comparer.Equals or Comparer.In => Against.Any(value => JsonElement.DeepEquals(value, argument)),
            Comparer.Not => !JsonElement.DeepEquals(Value, argument),
            Comparer.StartsWith => argument.GetString()!.StartsWith(Value.GetString()!, StringComparison.Ordinal),
            _ => throw new InvalidOperationException($"Comparer {Comparer} is not known. Add it here."),
        };
        return holds ? Truth.Met : Truth.Unmet;
    }

    /// <summary>The values that the argument is compared with.</summary>
    internal IEnumerable<JsonElement> Against => Comparer == Comparer.In ? Value.EnumerateArray() : [Value];

    private static ExactDecimal Number(JsonElement value) => ExactDecimal.Parse(value.GetRawText());

    private static JsonValueKind Type(JsonElement value) => value.ValueKind == JsonValueKind.False ? JsonValueKind.True : value.ValueKind;
}

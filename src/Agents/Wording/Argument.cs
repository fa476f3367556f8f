using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Agents.Wording;

/// <summary>One value of a call, by its place: <c>customer.country</c>, <c>lines[0].sku</c>.</summary>
/// <param name="Value">A text as it is, a number with the reader's signs, yes or no, (nothing).</param>
/// <param name="Kind">What it is, for its look.</param>
public sealed partial record Argument(VisibleText Place, VisibleText Value, ArgumentKind Kind)
{
    /// <summary>Every value of the arguments in the order in which they stand, up to a number of them.</summary>
    /// <param name="reader">For whom numbers are written.</param>
    /// <param name="most">How many; whether there are more is answered beside them.</param>
    /// <param name="limit">How many characters of a text are shown at once.</param>
    public static (IReadOnlyList<Argument> Items, bool HasMore) TableOf(JsonElement arguments, Reader reader, int most = 50, int limit = 400)
    {
        var found = new List<Argument>();
        Walk(arguments, "");
        return found.Count > most ? (found[..most], true) : (found, false);

        void Walk(JsonElement value, string place)
        {
            if (found.Count > most)
            {
                return;
            }

            switch (value.ValueKind)
            {
                case JsonValueKind.Object when value.EnumerateObject().Any():
                    foreach (var member in value.EnumerateObject())
                    {
                        Walk(member.Value, place.Length == 0 ? member.Name : $"{place}.{member.Name}");
                    }

                    break;
                case JsonValueKind.Array when value.GetArrayLength() > 0:
                    var index = 0;
                    foreach (var item in value.EnumerateArray())
                    {
                        Walk(item, FormattableString.Invariant($"{place}[{index++}]"));
                    }

                    break;
                default:
                    if (place.Length > 0)
                    {
                        found.Add(Leaf(place, value));
                    }

                    break;
            }
        }

        Argument Leaf(string place, JsonElement value) => new(Visible.Of(place, 80), Visible.Of(value.ValueKind switch
        {
            JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : "(empty text)",
            JsonValueKind.Number => reader.Number(value.GetRawText()),
            JsonValueKind.True => "yes",
            JsonValueKind.False => "no",
            JsonValueKind.Object or JsonValueKind.Array => "(empty)",
            _ => "(nothing)",
        }, limit), value.ValueKind switch
        {
            JsonValueKind.String when value.GetString() is { Length: > 0 } => ArgumentKind.Text,
            JsonValueKind.Number => ArgumentKind.Number,
            JsonValueKind.True or JsonValueKind.False => ArgumentKind.YesOrNo,
            _ => ArgumentKind.Nothing,
        });
    }

    /// <summary>A number in JSON's grammar. A text that is one counts: many tools take money so.</summary>
    internal static string? NumberIn(JsonElement value)
    {
        var text = value.ValueKind switch { JsonValueKind.Number => value.GetRawText(), JsonValueKind.String => value.GetString()!, _ => "" };
        return text.Length is > 0 and <= 100 && JsonNumber().IsMatch(text) ? text : null;
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex JsonNumber();
}

public enum ArgumentKind
{
    Text,
    Number,
    YesOrNo,

    /// <summary>Null, an empty text, object or list.</summary>
    Nothing,
}

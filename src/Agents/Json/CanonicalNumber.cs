using System.Globalization;
using System.Text;

namespace Holdfast.Agents.Json;

/// <summary>Numbers as RFC 8785, section 3.2.2.3, prints them: ECMAScript's Number.prototype.toString.</summary>
internal static class CanonicalNumber
{
    /// <summary>
    /// The canonical form of a JSON number, or null if a double does not hold it exactly: the nearest double, printed with the
    /// fewest digits that read back as the same double, must denote the decimal value that was written. So 0.1 and 1e2 are held,
    /// 9007199254740993 and 1e400 are not.
    /// </summary>
    public static string? Write(string literal)
    {
        var value = double.Parse(literal, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(value))
        {
            return null;
        }

        var shortest = ExactDecimal.Parse(value.ToString("R", CultureInfo.InvariantCulture));
        return shortest == ExactDecimal.Parse(literal) ? Write(shortest) : null;
    }

    // The four cases of ECMA-262, Number::toString, with k digits and the point after the n-th.
    private static string Write(ExactDecimal value)
    {
        var digits = value.Digits;
        var point = (int)value.Point;
        var text = new StringBuilder(value.Negative ? "-" : "");
        if (digits.Length == 0)
        {
            text.Append('0');
        }
        else if (point is > 21 or <= -6)
        {
            text.Append(digits[0]);
            if (digits.Length > 1)
            {
                text.Append('.').Append(digits.AsSpan(1));
            }

            text.Append(CultureInfo.InvariantCulture, $"e{(point > 0 ? "+" : "-")}{Math.Abs(point - 1)}");
        }
        else if (point <= 0)
        {
            text.Append("0.").Append('0', -point).Append(digits);
        }
        else if (point < digits.Length)
        {
            text.Append(digits.AsSpan(0, point)).Append('.').Append(digits.AsSpan(point));
        }
        else
        {
            text.Append(digits).Append('0', point - digits.Length);
        }

        return text.ToString();
    }
}

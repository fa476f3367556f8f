using System.Globalization;

namespace Holdfast.Agents.Json;

/// <summary>
/// A JSON number as the decimal value that was written, compared without rounding: 1.0 equals 1 and 1e0, and
/// 9007199254740993 is more than 9007199254740992.
/// </summary>
/// <remarks>An exponent beyond a thousand million is held there; no double reaches it, so such a number is refused anyway.</remarks>
public readonly record struct ExactDecimal : IComparable<ExactDecimal>
{
    private const int FarthestExponent = 1_000_000_000;
    private readonly string? digits;

    private ExactDecimal(bool negative, string digits, long point)
    {
        // Zero has one form, or -0 and 0.00 would differ.
        Negative = negative && digits.Length > 0;
        this.digits = digits;
        Point = digits.Length > 0 ? point : 0;
    }

    internal bool Negative { get; }

    /// <summary>The significant digits, without zeros at either end; empty for zero.</summary>
    internal string Digits => digits ?? "";

    /// <summary>Where the point stands: the value is 0.DIGITS times ten to this.</summary>
    internal long Point { get; }

    /// <summary>Whether the value has no fraction, however it was written.</summary>
    public bool IsInteger => Point >= Digits.Length;

    /// <summary>Reads a number in JSON's grammar (RFC 8259, section 6).</summary>
    /// <param name="literal">A number that a JSON parser has accepted, or a double printed by .NET.</param>
    public static ExactDecimal Parse(string literal)
    {
        var negative = literal.StartsWith('-');
        var exponentAt = literal.AsSpan().IndexOfAny('e', 'E');
        var mantissa = literal[(negative ? 1 : 0)..(exponentAt < 0 ? literal.Length : exponentAt)];
        var pointAt = mantissa.IndexOf('.', StringComparison.Ordinal);
        var wholeLength = pointAt < 0 ? mantissa.Length : pointAt;
        var all = pointAt < 0 ? mantissa : mantissa.Remove(pointAt, 1);
        var significant = all.TrimStart('0');
        long point = wholeLength - (all.Length - significant.Length);
        if (exponentAt >= 0)
        {
            point += Exponent(literal.AsSpan(exponentAt + 1));
        }

        return new ExactDecimal(negative, significant.TrimEnd('0'), point);
    }

    public int CompareTo(ExactDecimal other)
    {
        if (Negative != other.Negative)
        {
            return Negative ? -1 : 1;
        }

        var size = CompareSize(other);
        return Negative ? -size : size;
    }

    public static bool operator <(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) < 0;

    public static bool operator >(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) > 0;

    public static bool operator <=(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ExactDecimal left, ExactDecimal right) => left.CompareTo(right) >= 0;

    private int CompareSize(ExactDecimal other)
    {
        if (Digits.Length == 0 || other.Digits.Length == 0)
        {
            return Digits.Length.CompareTo(other.Digits.Length);
        }

        // Digits have no leading zeros, so the point decides first, and then they compare like words.
        return Point != other.Point ? Point.CompareTo(other.Point) : string.CompareOrdinal(Digits, other.Digits);
    }

    private static long Exponent(ReadOnlySpan<char> text)
    {
        var fits = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent);
        return fits ? Math.Clamp(exponent, -FarthestExponent, FarthestExponent)
            : text[0] == '-' ? -FarthestExponent : FarthestExponent;
    }
}

using System.Globalization;

namespace Holdfast.Agents.Definitions;

/// <summary>A length of time as people write it: a whole number and a unit, as in 30s, 10m, 2h, 3d.</summary>
public static class Duration
{
    private const string Units = "Units: s, m, h, d.";

    /// <exception cref="FormatException">No number, no unit, or one outside the range; the message names the text and the
    /// remedy.</exception>
    public static TimeSpan Parse(string text, TimeSpan least, TimeSpan most)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > 0 && text.All(char.IsAsciiDigit))
        {
            throw new FormatException($"'{text}' has no unit; write for example {text}m. {Units}");
        }

        var seconds = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        if (seconds == 0 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            throw new FormatException($"'{text}' is no duration; write a whole number and a unit, for example 10m. {Units}");
        }

        var duration = TimeSpan.FromSeconds((long)count * seconds);
        return duration >= least && duration <= most
            ? duration
            : throw new FormatException($"'{text}' is out of range; write {Show(least)} to {Show(most)}.");
    }

    /// <summary>The shortest way to write it, as <see cref="Parse"/> reads it; a fraction of a second is cut.</summary>
    public static string Show(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        var (size, unit) = seconds switch
        {
            0 => (1, 's'),
            _ when seconds % 86400 == 0 => (86400, 'd'),
            _ when seconds % 3600 == 0 => (3600, 'h'),
            _ when seconds % 60 == 0 => (60, 'm'),
            _ => (1, 's'),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / size}{unit}");
    }
}

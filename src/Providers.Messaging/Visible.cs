using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Holdfast.Providers.Messaging;

/// <summary>
/// Text of others as a person may read it: on one line, nothing in it hidden or turned round, cut at a limit, and no program that shows it makes a link of
/// a part of it.
/// </summary>
internal static partial class Visible
{
    // Nothing is drawn for them, though Unicode calls them letters.
    private const string Blanks = "\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0";

    /// <param name="most">How many characters of the text are shown at most.</param>
    public static string Line(string text, int most)
    {
        var line = new StringBuilder();
        var read = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (read + rune.Utf16SequenceLength > most)
            {
                return Unlinked(line.ToString()) + string.Create(CultureInfo.InvariantCulture, $"… ({text.Length - read} more characters)");
            }

            read += rune.Utf16SequenceLength;
            line.Append(Shown(rune));
        }

        return Unlinked(line.ToString());
    }

    private static string Shown(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        _ when rune.Value == '\n' => "↵",
        _ when rune.IsBmp && Blanks.Contains((char)rune.Value, StringComparison.Ordinal) => Marked(rune),
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => Marked(rune),
        UnicodeCategory.SpaceSeparator => " ",
        _ => rune.ToString(),
    };

    private static string Marked(Rune rune) => string.Create(CultureInfo.InvariantCulture, $"[U+{rune.Value:X4}]");

    private static string Unlinked(string line) => Dot().Replace(line.Replace("://", "[:]//", StringComparison.Ordinal), "[.]");

    // What programs take for the name of a host: letters or digits, a dot, letters.
    [GeneratedRegex(@"(?<=[\p{L}\p{N}])[.。．｡](?=\p{L}{2})")]
    private static partial Regex Dot();
}

using System.Globalization;
using System.Text;

namespace Holdfast.Agents.Http;

/// <summary>What a client sent, as messages and log lines repeat it: short, and with nothing in it that moves a cursor or turns text around.</summary>
internal static class Shown
{
    private const int Longest = 60;

    public static string Short(string text)
    {
        var shown = new StringBuilder();
        var left = Longest;
        foreach (var rune in text.EnumerateRunes())
        {
            if (left-- == 0)
            {
                return shown.Append('…').ToString();
            }

            shown.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? "?" : rune.ToString());
        }

        return shown.ToString();
    }
}

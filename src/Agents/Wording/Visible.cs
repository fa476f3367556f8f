using System.Globalization;
using System.Text;

namespace Holdfast.Agents.Wording;

/// <summary>
/// Text that a model, a tool or a stranger wrote, as a person can trust their eyes on it: what has no shape of its own, or turns other text around,
/// stands as a label, and a word that could pass for another is marked. Nothing is left out, nothing is added to the text itself.
/// </summary>
public static class Visible
{
    // A letter may carry a few accents; what carries more is drawn over its neighbours.
    private const int MostAccents = 3;

    /// <param name="limit">How many characters (Unicode code points) are shown at once; the rest is there on demand. None are cut where only a few would be.</param>
    public static VisibleText Of(string text, int limit = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Cut(Runs(text), limit);
    }

    /// <inheritdoc cref="VisibleText.Line"/>
    /// <param name="limit">How many characters are shown; how many more there are is said.</param>
    public static string Line(string text, int limit = int.MaxValue) => Of(text, limit).Line();

    private static List<TextRun> Runs(string text)
    {
        var runs = new List<TextRun>();
        var suspects = Lookalikes.In(text);
        var plain = new StringBuilder();
        var (at, accents, before) = (0, 0, default(Rune));
        while (at < text.Length)
        {
            if (suspects.TryGetValue(at, out var suspect))
            {
                Close();
                runs.Add(new(text[at..suspect.End], TextRunKind.LookAlike, suspect.Why));
                at = suspect.End;
                continue;
            }

            if (!Rune.TryGetRuneAt(text, at, out var rune))
            {
                Mark(text[at], "half a character");
                at++;
                continue;
            }

            var next = at + rune.Utf16SequenceLength;
            accents = IsAccent(rune) ? accents + 1 : 0;
            if (rune.Value == '\r' && next < text.Length && text[next] == '\n')
            {
                // Two characters that are one line end.
            }
            else if (Meaning(rune, before, next < text.Length && Rune.TryGetRuneAt(text, next, out var after) ? after : default) is { } meaning)
            {
                Mark(rune.Value, meaning);
            }
            else if (accents > MostAccents)
            {
                Mark(rune.Value, "one accent too many");
            }
            else
            {
                plain.Append(rune.ToString());
            }

            before = rune;
            at = next;
        }

        Close();
        return runs;

        void Mark(int code, string meaning)
        {
            Close();
            runs.Add(new(string.Create(CultureInfo.InvariantCulture, $"U+{code:X4}"), TextRunKind.Hidden, meaning));
        }

        void Close()
        {
            if (plain.Length > 0)
            {
                runs.Add(new(plain.ToString(), TextRunKind.Plain, null));
                plain.Clear();
            }
        }
    }

    /// <summary>What a character is that would not be seen as it is; null for one that is seen.</summary>
    private static string? Meaning(Rune rune, Rune before, Rune after) => rune.Value switch
    {
        '\n' or '\t' => null,
        '\r' => "carriage return",
        0x1B => "escape",
        0xAD => "soft hyphen",
        0x34F => "joiner without a shape",
        0x61C => "Arabic direction mark",
        0x115F or 0x1160 or 0x3164 or 0xFFA0 => "letter without a shape",
        0x200B => "space without a width",
        0x200C => "non-joiner without a width",
        0x200D => IsPicture(after) && (IsPicture(before) || before.Value == 0xFE0F) ? null : "joiner without a width",
        0x200E => "left-to-right mark",
        0x200F => "right-to-left mark",
        0x2028 => "line separator",
        0x2029 => "paragraph separator",
        0x202A => "left-to-right embedding",
        0x202B => "right-to-left embedding",
        0x202C => "end of direction",
        0x202D => "left-to-right override",
        0x202E => "right-to-left override",
        0x2060 => "word joiner",
        0x2066 => "left-to-right isolate",
        0x2067 => "right-to-left isolate",
        0x2068 => "isolate",
        0x2069 => "end of isolate",
        0x2800 => "letter without a shape",
        0xFE0F => null, // asks for the coloured form of a picture
        0xFEFF => "byte order mark",
        0xFFFD => "a character that was broken before it came here",
        >= 0xFE00 and <= 0xFE0E or >= 0xE0100 and <= 0xE01EF => "variation without a shape",
        >= 0xE0000 and <= 0xE007F => "tag without a shape",
        _ => Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control => "control character",
            UnicodeCategory.Format => "format character without a shape",
            UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => "a character without a known shape",
            UnicodeCategory.SpaceSeparator when rune.Value != ' ' && rune.Value != 0xA0 && rune.Value != 0x202F && rune.Value != 0x3000 => "unusual space",
            _ => null,
        },
    };

    private static bool IsAccent(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark && rune.Value != 0xFE0F;

    private static bool IsPicture(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherSymbol or UnicodeCategory.ModifierSymbol || rune.Value == 0x2642;

    internal static VisibleText Cut(IReadOnlyList<TextRun> runs, int limit)
    {
        if (runs.Sum(run => (long)run.Length) <= limit + (limit / 10L))
        {
            return new(runs, []);
        }

        var (shown, rest) = (new List<TextRun>(), new List<TextRun>());
        var left = limit;
        foreach (var run in runs)
        {
            if (left <= 0)
            {
                rest.Add(run);
            }
            else if (run.Length <= left || run.Kind != TextRunKind.Plain)
            {
                shown.Add(run);
                left -= run.Length;
            }
            else
            {
                var end = Place(run.Text, left);
                shown.Add(run with { Text = run.Text[..end] });
                rest.Add(run with { Text = run.Text[end..] });
                left = 0;
            }
        }

        return new(shown, rest);
    }

    // Between words if one ends near; never inside a surrogate pair.
    private static int Place(string text, int characters)
    {
        var end = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (characters-- == 0)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
        }

        var space = text.LastIndexOfAny([' ', '\n'], end - 1, Math.Min(end, 24));
        return space > 0 ? space + 1 : end;
    }
}

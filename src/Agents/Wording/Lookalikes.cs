using System.Globalization;
using System.Text;

namespace Holdfast.Agents.Wording;

/// <summary>
/// Finds words that could pass for others: letters of two alphabets in one word, letters that only look ordinary, and words that are all
/// letters of another alphabet and all look Latin. After Unicode's Technical Standard 39, as far as a reader of one page needs it.
/// </summary>
internal static class Lookalikes
{
    // Those that most fonts draw as a Latin letter.
    private const string CyrillicLikeLatin = "АВЕЅІЈКМНОРСТУХаеіјорсухѕһԁԛԝӏӀ";
    private const string GreekLikeLatin = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανιυκρ";

    [Flags]
    private enum Alphabet
    {
        None = 0,
        Latin = 1,
        Greek = 2,
        Cyrillic = 4,
        Armenian = 8,
        Cherokee = 16,
        Dressed = 32,
    }

    /// <summary>By where each begins: where it ends, and why it is one.</summary>
    public static IReadOnlyDictionary<int, (int End, string Why)> In(string text)
    {
        var found = new Dictionary<int, (int, string)>();
        if (Ascii.IsValid(text))
        {
            return found;
        }

        var words = Words(text).ToList();
        var own = words.Where(word => !word.LooksLatin).Aggregate(Alphabet.None, (all, word) => all | word.Alphabets);
        foreach (var word in words)
        {
            if (Why(word.Alphabets, word.LooksLatin, own) is { } why)
            {
                found[word.Start] = (word.End, why);
            }
        }

        return found;
    }

    private static string? Why(Alphabet alphabets, bool looksLatin, Alphabet own)
    {
        if (alphabets.HasFlag(Alphabet.Dressed))
        {
            return "letters that only look ordinary";
        }

        var names = Enum.GetValues<Alphabet>().Where(one => one != Alphabet.None && alphabets.HasFlag(one)).ToList();
        return names.Count > 1 ? $"mixes {string.Join(" and ", names)} letters"
            : looksLatin && (alphabets & own) == 0 ? $"{names[0]} letters that look Latin"
            : null;
    }

    private static IEnumerable<(int Start, int End, Alphabet Alphabets, bool LooksLatin)> Words(string text)
    {
        var (start, at, alphabets, looks) = (-1, 0, Alphabet.None, true);
        while (at < text.Length)
        {
            var whole = Rune.TryGetRuneAt(text, at, out var rune);
            if (whole && IsOfWord(rune))
            {
                start = start < 0 ? at : start;
                var alphabet = Of(rune);
                alphabets |= alphabet;
                looks &= alphabet == Alphabet.None || LooksLatin(rune);
            }
            else
            {
                if (alphabets != Alphabet.None)
                {
                    yield return (start, at, alphabets, looks);
                }

                (start, alphabets, looks) = (-1, Alphabet.None, true);
            }

            at += whole ? rune.Utf16SequenceLength : 1;
        }

        if (alphabets != Alphabet.None)
        {
            yield return (start, at, alphabets, looks);
        }
    }

    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark;

    private static bool LooksLatin(Rune rune) => rune.IsBmp && (CyrillicLikeLatin.Contains((char)rune.Value, StringComparison.Ordinal)
        || GreekLikeLatin.Contains((char)rune.Value, StringComparison.Ordinal));

    private static Alphabet Of(Rune rune) => rune.Value switch
    {
        >= 'A' and <= 'Z' or >= 'a' and <= 'z' => Alphabet.Latin,
        >= 0xC0 and <= 0x24F and not (0xD7 or 0xF7) => Alphabet.Latin,
        >= 0x1E00 and <= 0x1EFF or >= 0xA720 and <= 0xA7FF => Alphabet.Latin,
        >= 0x370 and <= 0x3FF when Rune.IsLetter(rune) => Alphabet.Greek,
        >= 0x1F00 and <= 0x1FFF when Rune.IsLetter(rune) => Alphabet.Greek,
        >= 0x400 and <= 0x52F or >= 0x1C80 and <= 0x1C8F or >= 0xA640 and <= 0xA69F when Rune.IsLetter(rune) => Alphabet.Cyrillic,
        >= 0x531 and <= 0x587 => Alphabet.Armenian,
        >= 0x13A0 and <= 0x13FF or >= 0xAB70 and <= 0xABBF => Alphabet.Cherokee,
        >= 0xFF21 and <= 0xFF5A when Rune.IsLetter(rune) => Alphabet.Dressed,
        >= 0x1D400 and <= 0x1D7FF => Alphabet.Dressed,
        _ => Alphabet.None,
    };
}

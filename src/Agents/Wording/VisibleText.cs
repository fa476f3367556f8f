using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Holdfast.Agents.Wording;

/// <summary>Text in runs of one kind each, whose texts in their order are the whole of it.</summary>
/// <param name="Shown">At once.</param>
/// <param name="Rest">On demand; empty where everything is shown.</param>
public sealed partial record VisibleText(IReadOnlyList<TextRun> Shown, IReadOnlyList<TextRun> Rest)
{
    /// <summary>Whether anything in it would have been taken for something else.</summary>
    public bool IsSuspicious => Shown.Concat(Rest).Any(run => run.Kind != TextRunKind.Plain);

    /// <summary>The same with less shown at once.</summary>
    /// <inheritdoc cref="Visible.Of"/>
    public VisibleText UpTo(int limit) => Visible.Cut([.. Shown, .. Rest], limit);

    /// <summary>
    /// What is shown at once, on one line without markup, for mail and messages: <c>[U+202E]</c> stands for what would not be seen, and no program that
    /// shows it makes a link of a part of it.
    /// </summary>
    public string Line()
    {
        var line = Dot().Replace(TextRun.Join(Shown).ReplaceLineEndings("↵").Replace('\t', ' ').Replace("://", "[:]//", StringComparison.Ordinal), "[.]");
        return Rest.Count == 0 ? line : string.Create(CultureInfo.InvariantCulture, $"{line.TrimEnd()}… ({Rest.Sum(run => run.Length)} more characters)");
    }

    /// <summary>The same in “ ”, which it cannot end: words that a model may have written.</summary>
    public string Quoted() => $"“{Quotation().Replace(Line(), "\"")}”";

    /// <summary>All of it without markup: <c>[U+202E]</c> stands for what would not be seen.</summary>
    public override string ToString() => TextRun.Join(Shown.Concat(Rest));

    // What programs take for the name of a host: a word, which may end in a picture or an accent, a dot, and two letters, of which the second may be a vowel sign.
    [GeneratedRegex(@"(?<=[^\s.。．｡(){}<>\[\]""'“”‘’/\\])[.。．｡](?=\p{L}[\p{L}\p{M}])")]
    private static partial Regex Dot();

    // What reads as a double quotation mark: its forms, and two single ones or primes side by side.
    [GeneratedRegex(@"[“”„‟❝❞❠〝〞〟＂″‴‶‷⁗ʺˮ˝״]|\uD83D[\uDE76-\uDE78]|['‘’‚‛❛❜❟＇′‵ʹʻʼʽˈ`´]{2}")]
    private static partial Regex Quotation();
}

/// <param name="Text">As it is; of <see cref="TextRunKind.Hidden"/> its label, as U+202E.</param>
/// <param name="Why">What is the matter with it; null for nothing.</param>
public sealed record TextRun(string Text, TextRunKind Kind, string? Why)
{
    /// <summary>In Unicode code points, a label as the one character that it stands for.</summary>
    internal int Length => Kind == TextRunKind.Hidden ? 1 : Text.EnumerateRunes().Count();

    internal static string Join(IEnumerable<TextRun> runs)
    {
        var text = new StringBuilder();
        foreach (var run in runs)
        {
            _ = run.Kind switch
            {
                TextRunKind.Hidden => text.Append('[').Append(run.Text).Append(']'),
                TextRunKind.LookAlike => text.Append(run.Text).Append(" [").Append(run.Why).Append(']'),
                _ => text.Append(run.Text),
            };
        }

        return text.ToString();
    }
}

public enum TextRunKind
{
    Plain,

    /// <summary>A character that would not be seen, or that changes how others are seen.</summary>
    Hidden,

    /// <summary>A word that could pass for another.</summary>
    LookAlike,
}

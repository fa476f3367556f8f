using System.Text;

namespace Holdfast.Agents.Wording;

/// <summary>Text in runs of one kind each, whose texts in their order are the whole of it.</summary>
/// <param name="Shown">At once.</param>
/// <param name="Rest">On demand; empty where everything is shown.</param>
public sealed record VisibleText(IReadOnlyList<TextRun> Shown, IReadOnlyList<TextRun> Rest)
{
    /// <summary>Whether anything in it would have been taken for something else.</summary>
    public bool IsSuspicious => Shown.Concat(Rest).Any(run => run.Kind != TextRunKind.Plain);

    /// <summary>The same with less shown at once.</summary>
    /// <inheritdoc cref="Visible.Of"/>
    public VisibleText UpTo(int limit) => Visible.Cut([.. Shown, .. Rest], limit);

    /// <summary>All of it without markup: <c>[U+202E]</c> stands for what would not be seen.</summary>
    public override string ToString() => TextRun.Join(Shown.Concat(Rest));
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

namespace Holdfast.Host.Local.Commands;

/// <summary>Rows for a terminal, each column as wide as its widest cell.</summary>
internal static class Table
{
    public static string Of(IReadOnlyList<string[]> rows)
    {
        var widths = rows[0].Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        return string.Concat(rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd() + Environment.NewLine));
    }
}

namespace Holdfast.Agents.Definitions.Yaml;

/// <summary>The name that somebody probably meant.</summary>
internal static class NearestName
{
    /// <summary>" Did you mean 'tools'?" or nothing, when no name is within a third of its length.</summary>
    public static string Hint(string given, IEnumerable<string> names)
    {
        var nearest = names.Select(name => (Name: name, Distance: Distance(given, name))).OrderBy(n => n.Distance).FirstOrDefault();
        return nearest.Name is { } name && nearest.Distance <= Math.Max(1, name.Length / 3) ? $" Did you mean '{name}'?" : "";
    }

    // Levenshtein, a row at a time. A long key is no typing error of a short one, so its length is not paid for.
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > b.Length)
        {
            return int.MaxValue;
        }

        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}

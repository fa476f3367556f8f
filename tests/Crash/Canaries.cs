using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;

namespace Holdfast.Crash;

/// <summary>
/// What lets somebody decide: the tokens of links, their digits, the nonces of forms, keys. A person has it, and the channel that brought it; it stands
/// in no log, no store, no history and no trace.
/// </summary>
internal sealed partial class Canaries
{
    // What stands everywhere for other reasons: orders, amounts, limits, the year. Digits that are one of these are not looked for.
    private static readonly string[] Innocent = ["1000", "1003", "1100", "1200", $"{TimeProvider.System.GetUtcNow().Year}"];

    private readonly HashSet<string> secrets = [];
    private readonly HashSet<string> codes = [];

    /// <param name="nonce">Signed text, of which the part behind the point makes it good.</param>
    public void Nonce(string nonce) => secrets.Add(nonce.Split('.')[1]);

    public void Key(string key) => secrets.Add(key.Split('_')[2]);

    public void Letter(Letter letter)
    {
        secrets.Add(letter.Token.Split('.')[1]);
        codes.Add(letter.Code);
    }

    /// <summary>Fails where one stands that no person reads.</summary>
    /// <param name="host">It has been killed.</param>
    /// <param name="spans">Where it has written its spans.</param>
    /// <param name="control">What stands in all of these places: who does not find it there has not looked.</param>
    /// <param name="shown">What the terminal has shown to people.</param>
    public void AssertNowhere(HostProcess host, string spans, string control, IReadOnlyList<Letter> shown)
    {
        Assert.True(secrets.Count > codes.Count && codes.Count > 0, $"{secrets.Count} secrets and {codes.Count} codes were seen.");
        codes.ExceptWith(Innocent);
        var own = shown.SelectMany(letter => new[] { $"  {letter.Link}", $"  Code: {letter.Code}" }).ToHashSet();
        Judge("the output", host.Output.Split(Environment.NewLine).Where(line => !own.Contains(line)));
        Judge("the spans", File.ReadLines(spans), control);
        Judge("agents.db", Cells(Path.Combine(host.DataDirectory, "agents.db")), control);
        Judge("engine.db", Cells(Path.Combine(host.DataDirectory, "engine.db")), control);

        // As bytes, too: what was deleted, and what stands in journals. A socket holds nothing.
        foreach (var file in Directory.GetFiles(host.DataDirectory).Where(file => Path.GetExtension(file) != ".sock"))
        {
            var bytes = File.ReadAllBytes(file);
            Assert.All(secrets, secret => Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)) < 0, $"{Path.GetFileName(file)} holds {secret}."));
        }
    }

    private void Judge(string place, IEnumerable<string> texts, string? control = null)
    {
        var isRead = control is null;
        foreach (var text in texts)
        {
            isRead |= control is not null && text.Contains(control, StringComparison.Ordinal);
            var found = secrets.FirstOrDefault(secret => text.Contains(secret, StringComparison.Ordinal))
                ?? FourDigits().Matches(Elapsed().Replace(text, "")).Select(digits => digits.Value).FirstOrDefault(codes.Contains);
            Assert.True(found is null, $"{place} has {found}: {text}");
        }

        Assert.True(isRead, $"{place} does not even hold {control}.");
    }

    /// <summary>All that is text in a database.</summary>
    private static IEnumerable<string> Cells(string path)
    {
        using var connection = DatabaseFile.OpenReader(path);
        foreach (var table in Rows(connection, "SELECT name FROM sqlite_master WHERE type = 'table'").ToList())
        {
            foreach (var cell in Rows(connection, $"SELECT * FROM \"{table}\""))
            {
                yield return cell;
            }
        }
    }

    private static IEnumerable<string> Rows(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            for (var column = 0; column < row.FieldCount; column++)
            {
                if (row.GetValue(column) is string text)
                {
                    yield return text;
                }
            }
        }
    }

    [GeneratedRegex(@"(?<![\w.])\d{4}(?![\w.])")]
    private static partial Regex FourDigits();

    // How long a start has taken.
    [GeneratedRegex(@"after \d+ ms")]
    private static partial Regex Elapsed();
}

using Microsoft.Data.Sqlite;
using RefundDesk;

namespace Holdfast.RefundDesk.Tests;

/// <summary>A shop in a directory of its own, on a clock that stands still.</summary>
internal sealed class ShopFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("holdfast shop ");

    public ShopFolder() => Shop = Open();

    public static DateTimeOffset Now { get; } = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    public Shop Shop { get; }

    /// <summary>The shop as another process would open it.</summary>
    public Shop Open() => Shop.Open(File, new Standing());

    public IReadOnlyList<string> Rows(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
        {
            rows.Add(string.Join(" ", Enumerable.Range(0, reader.FieldCount).Select(reader.GetString)));
        }

        return rows;
    }

    public void Dispose()
    {
        Shop.Dispose();
        folder.Delete(recursive: true);
    }

    private string File => Path.Combine(folder.FullName, "shop.db");

    private sealed class Standing : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}

using System.Data.Common;
using Holdfast.Sqlite;

namespace Holdfast.Crash;

/// <summary>What the agent store says of its model calls, read between two lives of the host.</summary>
internal sealed class Ledger(Func<DbConnection> open)
{
    /// <summary>Of a store in SQLite.</summary>
    public Ledger(string dataDirectory)
        : this(() => DatabaseFile.OpenReader(Path.Combine(dataDirectory, "agents.db")))
    {
    }

    private readonly Dictionary<(string Run, long Turn), long> recorded = [];

    /// <summary>Remembers every reply that is recorded now, and how many calls it took: never one more from here.</summary>
    public void Snapshot() => Each((run, turn, attempts, hasReply, _) =>
    {
        if (hasReply)
        {
            recorded.TryAdd((run, turn), attempts);
        }
    });

    /// <summary>Fails if a recorded reply was bought again, or a lost call is not charged.</summary>
    /// <returns>Calls that were bought again because a kill hit them.</returns>
    public long Judge()
    {
        var lost = 0L;
        Each((run, turn, attempts, hasReply, unsettled) =>
        {
            Assert.True(hasReply, $"Turn {turn} of {run} has no reply though its run has ended.");
            if (recorded.TryGetValue((run, turn), out var then))
            {
                Assert.True(then == attempts, $"Turn {turn} of {run} was bought again after it was recorded.");
            }

            Assert.Equal(attempts - 1, unsettled);
            lost += unsettled;
        });
        return lost;
    }

    private void Each(Action<string, long, long, bool, long> see)
    {
        using var connection = open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT r.id, t.turn, t.attempts, t.reply IS NOT NULL,
              (SELECT COUNT(*) FROM model_attempts m WHERE m.run = t.run AND m.turn = t.turn AND m.state = 'unsettled')
            FROM turns t JOIN runs r ON r.run = t.run
            """;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            see(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetBoolean(3), reader.GetInt64(4));
        }
    }
}

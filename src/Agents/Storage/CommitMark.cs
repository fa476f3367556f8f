using System.Data;

namespace Holdfast.Agents.Storage;

/// <summary>
/// What a transaction leaves behind by which it is known to be stored: its own token, in a row that no other writes meanwhile. The database's
/// number of a transaction would not do: one that is lost in a crash, before anything of it has reached the disk, leaves its number to another.
/// </summary>
/// <param name="Slot">The row, which one transaction after the other takes.</param>
internal sealed record CommitMark(string Slot, string Token)
{
    /// <summary>Goes before a transaction's first statement, in the same round trip, and changes one row.</summary>
    public const string Statement = """
        INSERT INTO commits (slot, token, said) VALUES (@commit_slot, @commit_token, CURRENT_DATE) ON CONFLICT (slot) DO UPDATE SET token = excluded.token, said = excluded.said;

        """;

    /// <summary>Says which token stands in the slot, once whoever is still at it has ended.</summary>
    public const string Ask = """
        INSERT INTO commits (slot, token, said) VALUES (@Slot, '', CURRENT_DATE) ON CONFLICT (slot) DO UPDATE SET said = excluded.said RETURNING token
        """;

    /// <summary>Forgets what processes have left that are long gone.</summary>
    public const string Forget = "DELETE FROM commits WHERE said < CURRENT_DATE - 30";

    public void AddTo(IDbCommand command)
    {
        Add("commit_slot", Slot);
        Add("commit_token", Token);

        void Add(string name, string value)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
    }
}

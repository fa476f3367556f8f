namespace Holdfast.Agents.Storage.Migrations;

/// <summary>lacking_since: when a process first lacked what the step needs, while no other has come that has it.</summary>
internal static class Version5
{
    public static readonly Migration Migration = new(5, Oldest: 2, """
        ALTER TABLE turns ADD COLUMN lacking_since INTEGER;
        ALTER TABLE calls ADD COLUMN lacking_since INTEGER;
        """);
}

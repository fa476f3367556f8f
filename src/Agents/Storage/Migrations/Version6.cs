namespace Holdfast.Agents.Storage.Migrations;

/// <summary>commits: by which a transaction is known to be stored whose commit was not answered (<see cref="CommitMark"/>). A file needs none.</summary>
internal static class Version6
{
    public static readonly Migration Migration = new(6, Oldest: 2, "SELECT 1;", Postgres: """
        CREATE TABLE commits (slot TEXT PRIMARY KEY, token TEXT NOT NULL, said DATE NOT NULL) WITH (fillfactor = 50);
        """);
}

namespace Holdfast.Agents.Storage.Migrations;

/// <summary>
/// api_keys: one row a key, for as long as anyone may want to know what became of it. Of the key itself only a digest is here. Roles are
/// separated by commas. A name belongs to one key of its tenant at a time: to the last that took it by rotation.
/// </summary>
internal static class Version4
{
    public static readonly Migration Migration = new(4, Oldest: 2, """
        CREATE TABLE api_keys (
          prefix       TEXT    NOT NULL PRIMARY KEY,
          hash         TEXT    NOT NULL,
          name         TEXT    NOT NULL,
          tenant       TEXT    NOT NULL,
          roles        TEXT    NOT NULL,
          created_at   INTEGER NOT NULL,
          expires_at   INTEGER,
          last_used_at INTEGER,
          revoked_at   INTEGER,
          replaced_by  TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX api_keys_by_name ON api_keys (tenant, name) WHERE revoked_at IS NULL AND replaced_by IS NULL;
        """);
}

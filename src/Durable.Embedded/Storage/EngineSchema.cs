using Holdfast.Sqlite;

namespace Holdfast.Durable.Embedded.Storage;

internal static class EngineSchema
{
    /// <summary>
    /// instances: one row each, changed only when its state changes, not at every step.
    /// history:   append-only within a generation; continue-as-new begins anew.
    /// inbox:     inputs that were accepted and that the instance has not met yet.
    /// timers:    timers not yet fired, so that a start need not replay everybody to find them.
    /// attempts:  work that was in flight when the process died, and how often.
    /// </summary>
    public static readonly DatabaseSchema Current = new("the Holdfast engine", 0x48464531, [Version1]);

    private const string Version1 = """
        CREATE TABLE engine (id TEXT NOT NULL, epoch INTEGER NOT NULL) STRICT;
        CREATE TABLE instances (
          key           INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: children and results outlive a purged row
          id            TEXT    NOT NULL UNIQUE,
          name          TEXT    NOT NULL,
          version       TEXT    NOT NULL,
          status        INTEGER NOT NULL,
          readiness     INTEGER NOT NULL,
          steps_before  INTEGER NOT NULL,
          parent        INTEGER,
          parent_step   INTEGER NOT NULL,
          created_at    INTEGER NOT NULL,
          custom_status TEXT,
          cause         TEXT
        ) STRICT;
        CREATE INDEX instances_to_take_up ON instances (key) WHERE readiness > 0;
        CREATE INDEX instances_by_status ON instances (status);
        CREATE TABLE history (
          instance INTEGER NOT NULL,
          seq      INTEGER NOT NULL,
          kind     INTEGER NOT NULL,
          step     INTEGER NOT NULL,
          at       INTEGER NOT NULL,
          name     TEXT,
          payload  TEXT,
          PRIMARY KEY (instance, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE inbox (
          id       INTEGER PRIMARY KEY,
          instance INTEGER NOT NULL,
          kind     INTEGER NOT NULL,
          step     INTEGER NOT NULL,
          name     TEXT,
          payload  TEXT
        ) STRICT;
        CREATE INDEX inbox_of_instance ON inbox (instance);
        CREATE TABLE timers (
          instance INTEGER NOT NULL,
          step     INTEGER NOT NULL,
          due      INTEGER NOT NULL,
          PRIMARY KEY (instance, step)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE attempts (
          instance INTEGER NOT NULL,
          step     INTEGER NOT NULL,
          count    INTEGER NOT NULL,
          PRIMARY KEY (instance, step)
        ) STRICT, WITHOUT ROWID;
        """;
}

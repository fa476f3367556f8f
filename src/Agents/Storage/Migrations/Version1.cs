namespace Holdfast.Agents.Storage.Migrations;

internal static class Version1
{
    public static readonly Migration Migration = new(1, Oldest: 1, """
        CREATE TABLE engines (
          id         TEXT    NOT NULL PRIMARY KEY,
          location   TEXT    NOT NULL,
          epoch      INTEGER NOT NULL,
          next_epoch INTEGER,
          holder     TEXT    NOT NULL,
          heartbeat  INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE agents (
          name    TEXT NOT NULL PRIMARY KEY,
          version TEXT NOT NULL
        ) STRICT;
        CREATE TABLE agent_versions (
          hash       TEXT NOT NULL PRIMARY KEY,
          agent      TEXT NOT NULL,
          definition TEXT NOT NULL
        ) STRICT;
        CREATE TABLE runs (
          run             INTEGER NOT NULL PRIMARY KEY,
          id              TEXT    NOT NULL UNIQUE,
          tenant          TEXT    NOT NULL,
          agent           TEXT    NOT NULL,
          version         TEXT    NOT NULL,
          model           TEXT    NOT NULL,
          input           TEXT    NOT NULL,
          metadata        TEXT,
          requested_by    TEXT    NOT NULL,
          created_by      TEXT    NOT NULL,
          idempotency_key TEXT,
          request_hash    TEXT,
          created_at      INTEGER NOT NULL,
          ended_at        INTEGER,
          engine          TEXT    NOT NULL,
          generation      INTEGER NOT NULL,
          status          TEXT    NOT NULL,
          waits_until     INTEGER,
          active          INTEGER NOT NULL DEFAULT 0,
          active_since    INTEGER,
          cancelled_at    INTEGER,
          cancelled_by    TEXT,
          suspended_at    INTEGER,
          suspended_by    TEXT,
          fault           TEXT,
          ending          TEXT,
          outcome         TEXT,
          turn            INTEGER NOT NULL DEFAULT 0,
          tool_calls      INTEGER NOT NULL DEFAULT 0,
          input_tokens    INTEGER NOT NULL DEFAULT 0,
          output_tokens   INTEGER NOT NULL DEFAULT 0,
          cached_tokens   INTEGER NOT NULL DEFAULT 0,
          reasoning_tokens INTEGER NOT NULL DEFAULT 0,
          held_tokens     INTEGER NOT NULL DEFAULT 0,
          event_seq       INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX runs_by_status ON runs (tenant, status, id);
        CREATE INDEX runs_by_agent ON runs (tenant, agent, id);
        CREATE UNIQUE INDEX runs_by_key ON runs (tenant, created_by, idempotency_key) WHERE idempotency_key IS NOT NULL;
        CREATE TABLE run_metadata (
          run    INTEGER NOT NULL,
          tenant TEXT    NOT NULL,
          name   TEXT    NOT NULL,
          value  TEXT    NOT NULL,
          id     TEXT    NOT NULL,
          PRIMARY KEY (tenant, name, value, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE turns (
          run        INTEGER NOT NULL,
          turn       INTEGER NOT NULL,
          begins     INTEGER NOT NULL DEFAULT 0,
          failures   INTEGER NOT NULL DEFAULT 0,
          retry_at   INTEGER,
          failure    TEXT,
          attempts   INTEGER NOT NULL DEFAULT 0,
          model      TEXT,
          reply      TEXT,
          replied_at INTEGER,
          PRIMARY KEY (run, turn)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE model_attempts (
          run      INTEGER NOT NULL,
          turn     INTEGER NOT NULL,
          attempt  INTEGER NOT NULL,
          state    TEXT    NOT NULL,
          held     INTEGER NOT NULL,
          input    INTEGER NOT NULL DEFAULT 0,
          output   INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (run, turn, attempt)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE calls (
          run        INTEGER NOT NULL,
          turn       INTEGER NOT NULL,
          idx        INTEGER NOT NULL,
          tool       TEXT    NOT NULL,
          call_id    TEXT    NOT NULL,
          arguments  TEXT,
          effect     INTEGER NOT NULL,
          idempotent INTEGER NOT NULL,
          state      TEXT    NOT NULL,
          attempt    INTEGER NOT NULL DEFAULT 1,
          begins     INTEGER NOT NULL DEFAULT 0,
          failures   INTEGER NOT NULL DEFAULT 0,
          reasks     INTEGER NOT NULL DEFAULT 0,
          retry_at   INTEGER,
          failure    TEXT,
          token      TEXT,
          holder     TEXT,
          lease      INTEGER,
          result     TEXT,
          started_at INTEGER,
          ended_at   INTEGER,
          PRIMARY KEY (run, turn, idx)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE late_results (
          run     INTEGER NOT NULL,
          turn    INTEGER NOT NULL,
          idx     INTEGER NOT NULL,
          attempt INTEGER NOT NULL,
          result  TEXT    NOT NULL,
          at      INTEGER NOT NULL,
          PRIMARY KEY (run, turn, idx, attempt)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE approvals (
          id            TEXT    NOT NULL PRIMARY KEY,
          tenant        TEXT    NOT NULL,
          run           INTEGER NOT NULL,
          turn          INTEGER NOT NULL,
          idx           INTEGER NOT NULL,
          kind          TEXT    NOT NULL,
          round         INTEGER NOT NULL,
          attempt       INTEGER NOT NULL,
          tool          TEXT    NOT NULL,
          arguments     TEXT    NOT NULL,
          digest        TEXT    NOT NULL,
          ask           TEXT    NOT NULL,
          state         TEXT    NOT NULL,
          requested_at  INTEGER NOT NULL,
          expires_at    INTEGER,
          decision      TEXT,
          decided_by    TEXT,
          decided_roles TEXT,
          decided_at    INTEGER,
          reason        TEXT,
          result        TEXT,
          consumed_at   INTEGER,
          superseded_by TEXT,
          note          TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX approvals_of_call ON approvals (run, turn, idx, kind, round);
        CREATE INDEX approvals_by_state ON approvals (tenant, state, id);
        CREATE TABLE wakes (
          instance   TEXT    NOT NULL PRIMARY KEY,
          run        INTEGER NOT NULL,
          engine     TEXT    NOT NULL,
          kind       TEXT    NOT NULL,
          version    INTEGER NOT NULL,
          sends      INTEGER NOT NULL DEFAULT 0,
          sent_at    INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE events (
          run  INTEGER NOT NULL,
          seq  INTEGER NOT NULL,
          at   INTEGER NOT NULL,
          type TEXT    NOT NULL,
          data TEXT,
          PRIMARY KEY (run, seq)
        ) STRICT, WITHOUT ROWID;
        """);
}

namespace Holdfast.Agents.Storage.Migrations;

/// <summary>
/// Decisions by several people in several stages, and how they are told. A host of before would take the first word for the last, so none
/// may serve beside this. A table's key comes first and in its order: SQLite's check of a file (3.40) takes others for damaged.
/// approvals:       stage: the first that is not full; stage_since: when it opened. reminders, escalations: how many of them have been. risk, amount: what lists
///                  sort by. proposed, of calls too: what the model asked for, where a person has edited it. policy: the digest of all rules that asked.
///                  valid_until: until when a yes is good.
/// votes:           one row a person and round: what they said, as whom, by which way, and a digest of what they saw.
/// waits:           who is asked now: one row for each selector of the open stage; an empty one where a host of before did not say it here. messages: one row for each message to a person or a place.
///                  message_approvals: what it is about. links: what a message leads to. link_keys: those that sign no more.
/// channels:        the last success and failure of each. documents: the people and policies by their hash; in_force: which of them hold.
/// audit:           a chain for each tenant: what was tried and what came of it, as digests and references. audit_heads: its end.
/// </summary>
internal static class Version7
{
    public static readonly Migration Migration = new(7, Oldest: 7, """
        ALTER TABLE approvals ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE approvals ADD COLUMN stage_since INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE approvals ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE approvals ADD COLUMN escalations INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE approvals ADD COLUMN escalated_at INTEGER;
        ALTER TABLE approvals ADD COLUMN risk INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE approvals ADD COLUMN amount INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE approvals ADD COLUMN proposed TEXT;
        ALTER TABLE approvals ADD COLUMN policy TEXT;
        ALTER TABLE calls ADD COLUMN proposed TEXT;
        ALTER TABLE approvals ADD COLUMN valid_until INTEGER;
        CREATE INDEX approvals_decided ON approvals (tenant, decided_at, id) WHERE decided_at IS NOT NULL;
        CREATE TABLE votes (
          approval TEXT    NOT NULL,
          voter    TEXT    NOT NULL,
          seq      INTEGER NOT NULL,
          decision TEXT    NOT NULL,
          roles    TEXT    NOT NULL,
          is_admin INTEGER NOT NULL DEFAULT 0,
          at       INTEGER NOT NULL,
          way      TEXT    NOT NULL,
          reason   TEXT,
          result   TEXT,
          seen     TEXT,
          people   TEXT,
          policies TEXT,
          PRIMARY KEY (approval, voter)
        ) STRICT, WITHOUT ROWID;
        UPDATE approvals SET stage_since = requested_at;
        INSERT INTO votes (approval, voter, seq, decision, roles, is_admin, at, way, reason, result)
        SELECT id, decided_by, 1, decision, COALESCE(decided_roles, '[]'), CASE WHEN decided_roles LIKE '%"admin"%' THEN 1 ELSE 0 END, decided_at, 'api', reason, result
        FROM approvals WHERE decided_by IS NOT NULL AND decision IS NOT NULL;
        CREATE TABLE waits (
          approval     TEXT    NOT NULL,
          who          TEXT    NOT NULL,
          tenant       TEXT    NOT NULL,
          run          INTEGER NOT NULL,
          requested_at INTEGER NOT NULL,
          risk         INTEGER NOT NULL,
          amount       INTEGER NOT NULL,
          PRIMARY KEY (approval, who)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX waits_by_age ON waits (tenant, who, approval);
        CREATE INDEX waits_by_risk ON waits (tenant, who, risk, approval);
        CREATE INDEX waits_by_amount ON waits (tenant, who, amount, approval);
        CREATE INDEX waits_unknown ON waits (who, approval) WHERE who = '';
        INSERT INTO waits (tenant, who, approval, run, requested_at, risk, amount) SELECT tenant, '', id, run, requested_at, 0, 0 FROM approvals WHERE state = 'pending';
        CREATE TABLE messages (
          id         TEXT    NOT NULL PRIMARY KEY,
          tenant     TEXT    NOT NULL,
          run        INTEGER NOT NULL,
          turn       INTEGER NOT NULL,
          kind       TEXT    NOT NULL,
          person     TEXT,
          channel    TEXT    NOT NULL,
          rest       TEXT    NOT NULL,
          people     TEXT    NOT NULL,
          state      TEXT    NOT NULL,
          attempts   INTEGER NOT NULL DEFAULT 0,
          due_at     INTEGER NOT NULL,
          created_at INTEGER NOT NULL,
          sent_at    INTEGER,
          error      TEXT,
          link       TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX messages_of_run ON messages (run, turn, kind);
        CREATE TABLE message_approvals (
          approval TEXT NOT NULL,
          message  TEXT NOT NULL,
          PRIMARY KEY (approval, message)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX message_approvals_of ON message_approvals (message);
        CREATE TABLE links (
          id         TEXT    NOT NULL PRIMARY KEY,
          tenant     TEXT    NOT NULL,
          approval   TEXT    NOT NULL,
          person     TEXT    NOT NULL,
          digest     TEXT    NOT NULL,
          created_at INTEGER NOT NULL,
          expires_at INTEGER NOT NULL,
          tries      INTEGER NOT NULL DEFAULT 0,
          revoked_at INTEGER,
          revoked_by TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX links_of_person ON links (tenant, person, id);
        CREATE INDEX links_of_approval ON links (approval, person);
        CREATE TABLE link_keys (
          id         TEXT    NOT NULL PRIMARY KEY,
          revoked_at INTEGER NOT NULL,
          revoked_by TEXT    NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE channels (
          name      TEXT    NOT NULL PRIMARY KEY,
          failed_at INTEGER,
          error     TEXT,
          worked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE documents (
          hash    TEXT NOT NULL PRIMARY KEY,
          kind    TEXT NOT NULL,
          content TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE in_force (
          kind TEXT NOT NULL PRIMARY KEY,
          hash TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE audit (
          tenant TEXT    NOT NULL,
          seq    INTEGER NOT NULL,
          at     INTEGER NOT NULL,
          entry  TEXT    NOT NULL,
          hash   TEXT    NOT NULL,
          PRIMARY KEY (tenant, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE audit_heads (
          tenant TEXT    NOT NULL PRIMARY KEY,
          seq    INTEGER NOT NULL,
          hash   TEXT    NOT NULL
        ) STRICT, WITHOUT ROWID;
        """);
}

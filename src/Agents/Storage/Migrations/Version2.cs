namespace Holdfast.Agents.Storage.Migrations;

/// <summary>
/// An index for every list and claim, the schema version that each engine's host knows, and without what was written and never read.
/// Nothing older than this has been released, so it may take away.
/// </summary>
internal static class Version2
{
    public static readonly Migration Migration = new(2, Oldest: 2, """
        ALTER TABLE engines ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX runs_by_id ON runs (tenant, id);
        CREATE INDEX runs_open ON runs (engine, run) WHERE ended_at IS NULL;
        CREATE INDEX approvals_by_id ON approvals (tenant, id);
        CREATE INDEX wakes_of_engine ON wakes (engine, instance);
        ALTER TABLE turns DROP COLUMN model;
        ALTER TABLE calls DROP COLUMN started_at;
        ALTER TABLE runs DROP COLUMN cancelled_by;
        ALTER TABLE wakes DROP COLUMN version;
        ALTER TABLE run_metadata DROP COLUMN run;
        ALTER TABLE agent_versions DROP COLUMN agent;
        """, Postgres: """

        -- An index of ids alone that is in their order would lure the planner into walking it past every other tenant and status; with these
        -- operators it finds an id, and orders nothing.
        ALTER TABLE runs DROP CONSTRAINT runs_id_key;
        CREATE UNIQUE INDEX runs_id ON runs (id text_pattern_ops);
        ALTER TABLE approvals DROP CONSTRAINT approvals_pkey;
        CREATE UNIQUE INDEX approvals_id ON approvals (id text_pattern_ops);
        """);
}

using Holdfast.Agents.Storage.Migrations;

namespace Holdfast.Agents.Storage;

/// <summary>
/// engines:        the engines that have served this store: one process at a time holds each, or many processes share it.
/// agents:         which version of each agent is in force, set when a host starts.
/// agent_versions: definitions by their hash, for as long as a run may need them.
/// runs:           one row a run: what was asked, what was decided about it, its counters.
/// turns:          one row a model reply. model_attempts: what each call to the model has cost or may have cost.
/// calls:          one row a tool call. approvals: one row an asking (a round of it).
/// commits:        on PostgreSQL, how a transaction is known to be stored.
/// wakes:          the outbox: what the engine still has to be told. events: what a watcher is shown.
/// Times are UTC ticks. Rows of the host itself have no tenant; all others do, directly or through their run.
/// </summary>
internal static class AgentSchema
{
    public static readonly IReadOnlyList<Migration> Migrations = [Version1.Migration, Version2.Migration, Version3.Migration, Version4.Migration, Version5.Migration, Version6.Migration, Version7.Migration];

    /// <summary>The version that this release knows.</summary>
    public static int Version => Migrations[^1].Version;
}

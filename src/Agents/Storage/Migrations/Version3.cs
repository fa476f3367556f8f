namespace Holdfast.Agents.Storage.Migrations;

/// <summary>
/// Engines that many processes serve at once, and the end of those that are gone.
/// kind: held or shared. mark: names the series of marks that a shared engine keeps in itself. advanced_at: when its epoch last grew.
/// version: the release of the host that last started. swept_to: up to which run the engine has been asked whether it is still there; 0 at the
/// beginning of a round. in_force: digests of what the last releases of a shared engine have put in force.
/// </summary>
internal static class Version3
{
    public static readonly Migration Migration = new(3, Oldest: 2, """
        ALTER TABLE engines ADD COLUMN kind TEXT NOT NULL DEFAULT 'held';
        ALTER TABLE engines ADD COLUMN mark TEXT NOT NULL DEFAULT '';
        ALTER TABLE engines ADD COLUMN advanced_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE engines ADD COLUMN version TEXT NOT NULL DEFAULT '';
        ALTER TABLE engines ADD COLUMN swept_to INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE engines ADD COLUMN in_force TEXT NOT NULL DEFAULT '';
        ALTER TABLE engines ADD COLUMN retired_at INTEGER;
        ALTER TABLE engines ADD COLUMN retired_by TEXT;
        """);
}

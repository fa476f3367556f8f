namespace Holdfast.Agents.Storage;

/// <summary>
/// One step of the agent store's schema. It expands: a host of any version from <paramref name="Oldest"/> on goes on working beside it, so
/// a new column has a default or may be null, and nothing that such a host reads or writes goes away. What goes away raises Oldest, in a
/// later release than the one that stopped using it. On PostgreSQL all that is missing is one transaction, and holds what it alters against
/// readers too until its end: beside a host that serves, only what is instant is a step. What takes long (an index on a big table) stops that
/// host for as long, and there is no form for it yet.
/// </summary>
/// <param name="Version">From 1, without gaps; only ever appended to.</param>
/// <param name="Oldest">The oldest schema version whose hosts can work with the store after this.</param>
/// <param name="Sql">In the words of SQLite; <see cref="PostgresSchema"/> says how PostgreSQL reads them.</param>
/// <param name="Postgres">What PostgreSQL needs beside it, in its own words.</param>
internal sealed record Migration(int Version, int Oldest, string Sql, string Postgres = "");

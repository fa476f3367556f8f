namespace Holdfast.Agents.Storage;

/// <summary>
/// One step of the agent store's schema. It expands: a host of any version from <paramref name="Oldest"/> on goes on working beside it, so
/// a new column has a default or may be null, and nothing that such a host reads or writes goes away. What goes away raises Oldest, in a
/// later release than the one that stopped using it.
/// </summary>
/// <param name="Version">From 1, without gaps; only ever appended to.</param>
/// <param name="Oldest">The oldest schema version whose hosts can work with the store after this.</param>
/// <param name="Sql">In the words of SQLite; <see cref="PostgresSchema"/> says how PostgreSQL reads them.</param>
/// <param name="Postgres">What PostgreSQL needs beside it, in its own words.</param>
internal sealed record Migration(int Version, int Oldest, string Sql, string Postgres = "");

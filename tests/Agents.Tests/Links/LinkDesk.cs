using Holdfast.Agents.Links;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Durable.Testing;

namespace Holdfast.Agents.Tests.Links;

/// <summary>A store with approvals and links to them, whose clock only the test moves.</summary>
internal sealed class LinkDesk : IDisposable
{
    public const string Tenant = "acme";
    public static readonly string Digest = new('d', 64);

    private readonly string data = Directory.CreateTempSubdirectory("holdfast-links-").FullName;

    private LinkDesk()
    {
    }

    public VirtualTime Time { get; } = new();

    public AgentStore Store { get; private set; } = null!;

    public LinkKeys Keys { get; set; } = LinkTexts.Keys(LinkTexts.First);

    public LinkAccess Access => new(Store, Keys);

    public IssuedLinks Links => new(Store);

    /// <param name="seen">Called with each statement and its arguments.</param>
    public static async Task<LinkDesk> NewAsync(Action<string, object?>? seen = null)
    {
        var desk = new LinkDesk();
        var database = await StoreUnderTest.NewAsync();
        desk.Store = await (seen is null ? database : database.SeenBy(seen)).OpenAsync(desk.data, desk.Time);
        return desk;
    }

    /// <summary>An approval that waits; three days by default.</summary>
    public async Task<string> ApprovalAsync(string id = "apr_1", bool withoutEnd = false)
    {
        await TamperAsync("""
            INSERT INTO approvals (id, tenant, run, turn, idx, kind, round, attempt, tool, arguments, digest, ask, state, requested_at, expires_at)
            VALUES (@id, @Tenant, 1, 1, 0, 'approval', @round, 1, 'refund', '{}', @Digest, '{}', 'pending', @now, @expires)
            """, new { id, Tenant, Digest, round = ++rounds, now = Time.GetUtcNow().UtcTicks, expires = withoutEnd ? (long?)null : Time.GetUtcNow().AddDays(3).UtcTicks });
        return id;
    }

    public Task<Link> LinkAsync(string approval, string person = "bea") => Store.WriteAsync(async tx =>
    {
        await tx.ReadClockAsync();
        return await LinkStore.InsertAsync(tx, (await tx.FirstAsync<ApprovalRow>("SELECT * FROM approvals WHERE id = @approval", new { approval }))!, person);
    });

    /// <summary>A link to a new approval.</summary>
    public async Task<Link> SentAsync(bool withoutEnd = false) => await LinkAsync(await ApprovalAsync(withoutEnd: withoutEnd));

    public string TokenOf(Link link) => LinkToken.Write(Keys, link.Claims);

    public Task<LinkOpening> OpenAsync(Link link, string? tenant = null) => Access.OpenAsync(TokenOf(link), tenant);

    public Task<int> TamperAsync(string sql, object? args = null) => Store.WriteAsync(tx => tx.ExecuteAsync(sql, args));

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(data, recursive: true);
    }

    private int rounds;
}

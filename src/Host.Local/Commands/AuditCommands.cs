using System.Globalization;
using Holdfast.Agents.Audit;
using Holdfast.Agents.Storage;

namespace Holdfast.Host.Local.Commands;

/// <summary>The audit's chains, for the operator.</summary>
internal static class AuditCommands
{
    public static IReadOnlyList<Command> All { get; } =
    [
        new("audit verify", "[--tenant TENANT] [--head SEQ:HASH]", "Reads the audit of a tenant, or of all, and says the first entry that is wrong. A head that was kept elsewhere shows also a chain that was written anew.",
            async (store, given, _) => await VerifyAsync(new AuditLog(store), given.Find("tenant"), HeadOf(given))),
        new("audit head", "--tenant TENANT", "Shows the last entry of a tenant's audit as SEQ:HASH, to be kept where the database's writers do not come.",
            async (store, given, _) => await new AuditLog(store).HeadAsync(given.Get("tenant")) is { } head
                ? new(0, string.Create(CultureInfo.InvariantCulture, $"{head.Seq}:{head.Hash}{Environment.NewLine}"), "") : new(StartException.Otherwise, "", $"Tenant '{given.Get("tenant")}' has no audit.")),
    ];

    private static async Task<CommandAnswer> VerifyAsync(AuditLog log, string? tenant, AuditHead? kept)
    {
        List<AuditReport> reports = [];
        foreach (var one in tenant is null ? await log.TenantsAsync() : [tenant])
        {
            reports.Add(await log.VerifyAsync(one, kept));
        }

        if (reports.Count == 0)
        {
            return new(0, "", "No audit has been written yet.");
        }

        List<string[]> rows = [["TENANT", "ENTRY", "STATE"]];
        rows.AddRange(reports.Select(report => new[] { report.Tenant, report.Seq.ToString(CultureInfo.InvariantCulture), report.IsWhole ? "whole" : $"{report.Fault}: {report.Message}" }));
        return new(reports.All(report => report.IsWhole) ? 0 : StartException.Otherwise, Table.Of(rows), "");
    }

    private static AuditHead? HeadOf(CommandArguments given) => given.Find("head") switch
    {
        null => null,
        _ when given.Find("tenant") is null => throw new StartException("--head is one tenant's. Give --tenant, too."),
        var head when head.Split(':') is [var seq, { Length: 64 } hash] && long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 => new AuditHead(number, hash),
        var head => throw new StartException($"--head '{head}' is not SEQ:HASH, as 'audit head' shows it."),
    };
}

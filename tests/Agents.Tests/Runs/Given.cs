using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Testing;
using Holdfast.Sqlite;

namespace Holdfast.Agents.Tests.Runs;

/// <summary>What many tests of runs begin with.</summary>
internal static class Given
{
    public const string RefundSchema = """{"type":"object","properties":{"amount":{"type":["number","string"]},"note":{"type":"string","default":"none"}}}""";

    public static readonly ApprovalAsk Ask = new() { Stages = [new ApprovalStage(["role:approve"])], Expires = TimeSpan.FromDays(3) };

    /// <summary>A model that calls one tool once and then says "Done."</summary>
    public static FakeModel Calling(string tool, string arguments = "{}") => Calling((tool, arguments));

    public static FakeModel Calling(params (string Tool, string Arguments)[] calls) => new(FakeReply.Calls(calls), FakeReply.Says("Done."));

    public static FakeTool Refund(bool idempotent = true) => FakeTool.Acting("refund", idempotent, RefundSchema);

    public static ApprovalRule Held(ApprovalAsk? ask = null, string tool = "refund") => new(tool, [], ask ?? Ask);

    public static ApprovalRule HeldOver(decimal amount) =>
        new("refund", [new Condition("amount", [new Comparison(Comparer.Over, JsonSerializer.SerializeToElement(amount))])], Ask);

    /// <summary>A refund that waits for the boss.</summary>
    public static async Task<(RunHarness Desk, FakeTool Refund, FakeModel Model, string Run, ApprovalView Approval)> AskedAsync(
        ApprovalAsk? ask = null, string arguments = """{"amount":400}""", bool idempotent = true)
    {
        var refund = Refund(idempotent);
        var model = Calling("refund", arguments);
        var desk = await RunHarness.StartAsync(new Deployment(model, refund).Asking(Held(ask)));
        var run = await desk.RunAsync();
        return (desk, refund, model, run, (await desk.PendingAsync(run)).Single());
    }

    /// <summary>The names of the activities that the engine has recorded.</summary>
    public static string Activities(this RunHarness desk) => desk.InEngine("SELECT COALESCE(group_concat(name, ' '), '') FROM (SELECT name FROM history WHERE kind = 20 ORDER BY instance, seq)");

    public static string InEngine(this RunHarness desk, string sql)
    {
        using var reader = DatabaseFile.OpenReader(Path.Combine(desk.Data, "engine.db"));
        using var select = reader.CreateCommand();
        select.CommandText = sql;
        return Convert.ToString(select.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
    }

    public static async Task<Refusal> RefusedAsync(Func<Task> request) => (await Xunit.Assert.ThrowsAsync<RefusedException>(request)).Refusal;
}

using Holdfast.Durable.Testing;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

public sealed class PurgedParentTests
{
    [Fact]
    public async Task AChildWhoseParentWasPurgedEndsAndTellsNobody()
    {
        await using var engine = EmbeddedFixture.New();
        await engine.StartAsync(TestRegistry.New()
            .Orchestrator<int, int>("parent", (context, _) =>
                context.CallSubOrchestratorAsync<int>("child", 0, new TaskOptions().WithInstanceId("c")))
            .Orchestrator<int, int>("child", (context, _) => context.WaitForExternalEvent<int>("go")));
        await engine.Client.ScheduleNewOrchestrationInstanceAsync("parent", 0, new StartOrchestrationOptions("p"));
        await engine.SettleAsync();
        await engine.Client.TerminateInstanceAsync("p");
        Assert.True(await engine.Client.PurgeInstanceAsync("p"));
        await engine.Client.RaiseEventAsync("c", "go", 5);
        Assert.Equal("5", (await engine.EndAsync("c")).SerializedOutput);
        using var connection = new SqliteConnection($"Data Source={engine.Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM inbox";
        Assert.Equal(0L, command.ExecuteScalar());
    }
}

using System.Text.Json;

namespace Holdfast.Benchmarks;

/// <summary>A run of 500 turns: what its last turns cost against its first.</summary>
internal static class TurnsBench
{
    public static async Task RunAsync()
    {
        var data = BenchHost.NewDirectory();
        await using var host = await BenchHost.StartAsync(data);
        await host.RunAsync("marathon", "go", wait: 60); // warm
        List<double> early = [], late = [];
        for (var repeat = 0; repeat < 5; repeat++)
        {
            var run = JsonDocument.Parse(await host.RunAsync("marathon", "go", wait: 60)).RootElement.GetProperty("id").GetString();
            var transcript = JsonDocument.Parse(await host.Client.GetStringAsync($"/api/runs/{run}/transcript")).RootElement.GetProperty("items");
            var replied = transcript.EnumerateArray().Where(item => item.GetProperty("role").GetString() == "assistant")
                .Select(item => item.GetProperty("at").GetDateTimeOffset()).ToList();
            early.Add((replied[19] - replied[4]).TotalMilliseconds / 15);
            late.Add((replied[^1] - replied[^16]).TotalMilliseconds / 15);
        }

        Figures.Print("turns 5 to 20 of 500, each (median of 5 runs)", $"{Figures.Median(early):F2} ms");
        Figures.Print("turns 485 to 500, each (median of 5 runs)", $"{Figures.Median(late):F2} ms");
        Figures.Print("ratio", $"{Figures.Median(late) / Figures.Median(early):F2}");
        await host.StopAsync();
        Directory.Delete(data, recursive: true);
    }
}

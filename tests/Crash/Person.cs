using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Holdfast.Crash;

/// <summary>
/// Someone who starts a run and sees it through, whatever happens to the host: sends the same request under the same key until it has
/// ended, and decides what is asked. Where a call is in doubt, looks at the shop and says what is true.
/// </summary>
internal sealed class Person(HostProcess host, ShopFile shop)
{
    /// <summary>What was decided, as kind:decision, in order.</summary>
    public List<string> Decided { get; } = [];

    /// <returns>The run as it ended.</returns>
    public async Task<JsonElement> SeeThroughAsync(string agent, string input, string key, CancellationToken giveUp)
    {
        while (true)
        {
            await host.Ready.WaitAsync(giveUp);
            try
            {
                var run = await StartAsync(agent, input, key, giveUp);
                if (run.GetProperty("status").GetString() == "ended")
                {
                    return run;
                }

                Assert.NotEqual("paused", run.GetProperty("status").GetString());
                await DecideAsync(run, giveUp);
            }
            catch (HttpRequestException)
            {
                // Killed under the request. The same key makes the next one the same run.
            }
        }
    }

    private async Task<JsonElement> StartAsync(string agent, string input, string key, CancellationToken giveUp)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { agent, input }) };
        request.Headers.Add("Idempotency-Key", key);
        request.Headers.Add("Prefer", "wait=1");
        using var response = await host.Client.SendAsync(request, giveUp);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync(giveUp)}");
        return await response.Content.ReadFromJsonAsync<JsonElement>(giveUp);
    }

    private async Task DecideAsync(JsonElement run, CancellationToken giveUp)
    {
        if (!run.TryGetProperty("waitingFor", out var waiting) || !waiting.TryGetProperty("approvals", out var open))
        {
            return;
        }

        foreach (var id in open.EnumerateArray().Select(id => id.GetString()!))
        {
            var asked = await host.Client.GetFromJsonAsync<JsonElement>($"/api/approvals/{id}", giveUp);
            var kind = asked.GetProperty("kind").GetString();
            var decision = kind == "approval" ? "approve" : shop.Replies(run.GetProperty("id").GetString()!) > 0 ? "happened" : "runAgain";
            using var answer = await host.Client.PostAsJsonAsync($"/api/approvals/{id}/decision", new { decision }, giveUp);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(giveUp)}");
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                Decided.Add($"{kind}:{decision}");
            }
        }
    }
}

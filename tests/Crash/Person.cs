using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Holdfast.Crash;

/// <summary>
/// Someone who starts a run and sees it through, whatever happens to the host: sends the same request under the same key until it has
/// ended, and decides what is asked. Where a call is in doubt, looks at the shop and says what is true.
/// </summary>
/// <param name="decide">Decides about an approval, of which the id is given, where others are asked than this person.</param>
internal sealed class Person(HostProcess host, ShopFile shop, Func<string, CancellationToken, Task>? decide = null)
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, string> lastEvent = [];

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

                await RetryIfBlamedAsync(run, giveUp);
                await DecideAsync(run, giveUp);
                await FollowAsync(run.GetProperty("id").GetString()!, giveUp);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // Killed under the request, or not ready. The same key makes the next one the same run.
                await Task.Delay(Again, TimeProvider.System, giveUp);
            }
        }
    }

    /// <summary>A host that cannot take work says so, and when to come again.</summary>
    public static void ThrowIfAway(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            Assert.True(response.Headers.RetryAfter is not null, "503 without Retry-After.");
            throw new HttpRequestException("The host cannot take work now.");
        }
    }

    private async Task<JsonElement> StartAsync(string agent, string input, string key, CancellationToken giveUp)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs") { Content = JsonContent.Create(new { agent, input }) };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await host.Client.SendAsync(request, giveUp);
        ThrowIfAway(response);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync(giveUp)}");
        return await response.Content.ReadFromJsonAsync<JsonElement>(giveUp);
    }

    /// <summary>Work that five kills in a row have hit is taken for their cause and paused; whoever knows better retries it.</summary>
    private async Task RetryIfBlamedAsync(JsonElement run, CancellationToken giveUp)
    {
        if (run.GetProperty("status").GetString() == "paused")
        {
            var message = run.GetProperty("fault").GetProperty("message").GetString()!;
            Assert.True(message.Contains("unclean ends", StringComparison.Ordinal) || message.Contains("without an ending", StringComparison.Ordinal), message);
            using var answer = await host.Client.PostAsync($"/api/runs/{run.GetProperty("id").GetString()}/retry", null, giveUp);
            ThrowIfAway(answer);
            Assert.True(answer.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.Conflict, $"{answer.StatusCode}");
        }
    }

    /// <summary>Returns when the run asks for something, pauses or ends: what this person has not acted on yet.</summary>
    private async Task FollowAsync(string run, CancellationToken giveUp)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{run}/events");
        request.Headers.Add("Last-Event-ID", lastEvent.GetValueOrDefault(run, "0"));
        using var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, giveUp);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(giveUp));
        while (await events.ReadLineAsync(giveUp) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                lastEvent[run] = line["id: ".Length..];
            }
            else if (line is "event: approval.requested" or "event: approval.voted" or "event: run.paused" or "event: run.ended")
            {
                return;
            }
        }
    }

    private async Task DecideAsync(JsonElement run, CancellationToken giveUp)
    {
        if (!run.TryGetProperty("waitingFor", out var waiting) || !waiting.TryGetProperty("approvals", out var open))
        {
            return;
        }

        foreach (var id in open.EnumerateArray().Select(id => id.GetString()!))
        {
            if (decide is not null)
            {
                await decide(id, giveUp);
                continue;
            }

            var asked = await host.Client.GetFromJsonAsync<JsonElement>($"/api/approvals/{id}", giveUp);
            var kind = asked.GetProperty("kind").GetString();
            var decision = kind == "approval" ? "approve" : shop.Replies(run.GetProperty("id").GetString()!) > 0 ? "happened" : "runAgain";
            using var answer = await host.Client.PostAsJsonAsync($"/api/approvals/{id}/decision", new { decision }, giveUp);
            ThrowIfAway(answer);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(giveUp)}");
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                Decided.Add($"{kind}:{decision}");
            }
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Crash;

/// <summary>What somebody says, once it is their turn.</summary>
/// <param name="Amount">With edit: what to refund instead.</param>
internal sealed record Word(string Who, string Decision, int? Amount = null)
{
    /// <summary>The API key that it is said with; null for the page that the person's own link leads to.</summary>
    public string? Key { get; init; }

    /// <summary>As an approval's record has it.</summary>
    public string Recorded => $"{Who} {Decision} {(Key is null ? "link" : "api")}";
}

/// <summary>
/// The people whom a large refund needs, in the order of their words. They decide once everybody who is asked has been told, and who is not answered
/// says it again: the same word is the same record, wherever the host was killed.
/// </summary>
internal sealed class Approvers(HostProcess host, Func<IReadOnlyList<Letter>> letters, IReadOnlyList<Word> words, Canaries canaries)
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);

    /// <summary>Says what is to be said about an approval that was open a moment ago.</summary>
    public async Task DecideAsync(string approval, CancellationToken giveUp)
    {
        while (true)
        {
            var asked = await host.Client.GetFromJsonAsync<JsonElement>($"/api/approvals/{approval}", giveUp);
            if (asked.GetProperty("status").GetString() != "pending")
            {
                return;
            }

            var word = words[asked.GetProperty("round").GetInt32() - 1 + asked.GetProperty("votes").GetArrayLength()];
            if (asked.GetProperty("messages").EnumerateArray().All(message => message.GetProperty("state").GetString() == "sent")
                && await FormAsync(word, asked, giveUp) is { } form)
            {
                await SayAsync(word, form, giveUp);
                return;
            }

            await Task.Delay(Again, TimeProvider.System, giveUp);
        }
    }

    /// <returns>What is sent; null while the person's newest link does not lead to this approval yet.</returns>
    private async Task<Func<HttpRequestMessage>?> FormAsync(Word word, JsonElement asked, CancellationToken giveUp)
    {
        var approval = asked.GetProperty("id").GetString()!;
        if (word.Key is { } key)
        {
            var arguments = word.Amount is { } amount ? new { amount, orderId = asked.GetProperty("arguments").GetProperty("orderId").GetString() } : null;
            return () => new(HttpMethod.Post, $"/api/approvals/{approval}/decision")
            {
                Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
                Content = arguments is null ? JsonContent.Create(new { decision = word.Decision }) : JsonContent.Create(new { decision = word.Decision, arguments }),
            };
        }

        if (letters().LastOrDefault(letter => letter.IsFor(word.Who)) is not { } letter)
        {
            return null;
        }

        var page = await host.Client.GetStringAsync(letter.Link, giveUp);
        if (Hidden(page, "approval") != approval)
        {
            return null;
        }

        var fields = new Dictionary<string, string> { ["approval"] = approval, ["nonce"] = Hidden(page, "nonce")!, ["code"] = letter.Code, ["decide"] = word.Decision };
        canaries.Nonce(fields["nonce"]);
        if (word.Amount is { } other)
        {
            fields["arg.amount"] = $"{other}";
        }

        // As a browser sends it from a page without a referrer.
        return () => new(HttpMethod.Post, letter.Link) { Headers = { { "Origin", "null" }, { "Sec-Fetch-Site", "same-origin" } }, Content = new FormUrlEncodedContent(fields) };
    }

    private async Task SayAsync(Word word, Func<HttpRequestMessage> form, CancellationToken giveUp)
    {
        for (var times = 1; ; times++)
        {
            await host.Ready.WaitAsync(giveUp);
            try
            {
                using var request = form();
                using var answer = await host.Client.SendAsync(request, giveUp);
                Person.ThrowIfAway(answer);
                Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{word.Recorded}, said {times} times: {answer.StatusCode}: {await answer.Content.ReadAsStringAsync(giveUp)}");
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                await Task.Delay(Again, TimeProvider.System, giveUp);
            }
        }
    }

    private static string? Hidden(string page, string name) => Regex.Match(page, $"name=\"{name}\" value=\"(?<value>[^\"]+)\"") is { Success: true } found ? found.Groups["value"].Value : null;
}

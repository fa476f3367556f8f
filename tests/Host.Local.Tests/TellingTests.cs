using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Durable.Testing;

namespace Holdfast.Host.Local.Tests;

/// <summary>A host that tells people: what it prints, where a link leads, and what it says when nobody takes its messages.</summary>
public sealed partial class TellingTests : IDisposable
{
    private static readonly HttpClient Http = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });

    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task ALinkIsPrintedForWhoeverSitsThereOpensThePageAndDecidesAndStandsInNoLineOfTheLog(string log)
    {
        await using var host = Start(out var port, [], "--log", log);
        await host.SaysAsync("Ready at");
        var run = await RefundAsync(port);
        var said = await host.SaysAsync("Code: ");
        var (link, code) = (Link().Match(said).Value, Code().Match(said).Groups["code"].Value);
        Assert.StartsWith($"http://127.0.0.1:{port}/a?t=", link, StringComparison.Ordinal);
        Assert.Contains("for Mona Lindqvist", said, StringComparison.Ordinal);

        var page = await Http.GetStringAsync(link, TestContext.Current.CancellationToken);
        Assert.Equal("waiting", Text(await RunAsync(port, run), "status"));
        using var wrong = await DecideAsync(link, page, code == "0000" ? "0001" : "0000");
        Assert.Equal("waiting", Text(await RunAsync(port, run), "status"));
        using var right = await DecideAsync(link, page, code);
        Assert.True(right.IsSuccessStatusCode || right.StatusCode == HttpStatusCode.SeeOther, $"{right.StatusCode}: {await right.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        await Patience.UntilAsync(async () => Text(await RunAsync(port, run), "status") == "ended");

        host.Signal("TERM");
        var (_, output, errors) = await host.EndAsync();
        var token = link.Split("t=")[1];
        var lines = output.Split('\n').Where(line => line.StartsWith('{') || LogLine().IsMatch(line)).ToList();
        Assert.True(lines.Count >= 3, output);
        Assert.DoesNotContain(lines, line => line.Contains(token, StringComparison.Ordinal) || line.Contains("Code: ", StringComparison.Ordinal));
        Assert.Equal(1, Regex.Count(output, Regex.Escape(token)));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task WithoutPeopleWhoeverSitsThereIsToldWhereToLook()
    {
        await using var host = HostProcess.Scripted(scratch.At("data"), out var port);
        await host.ReadyAsync();
        await RefundAsync(port);
        var said = await host.SaysAsync("/approvals/apr_");
        Assert.DoesNotContain("/a?t=", said, StringComparison.Ordinal);
        Assert.DoesNotContain("Code: ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMailServerThatRefusesShowsByTheChannelsNameAndByNothingElse()
    {
        var closed = HostProcess.FreePort();
        await using var host = Start(out var port, new()
        {
            ["HOLDFAST_CHANNELS__EMAIL__SERVER"] = "127.0.0.1", ["HOLDFAST_CHANNELS__EMAIL__PORT"] = $"{closed}", ["HOLDFAST_CHANNELS__EMAIL__TLS"] = "none",
            ["HOLDFAST_CHANNELS__EMAIL__FROM"] = "Desk <desk@example.test>",
        });
        await host.ReadyAsync();
        Assert.Equal("""{"status":"ready"}""", await HealthAsync(port));
        var run = await RefundAsync(port);
        await Patience.UntilAsync(async () => await HealthAsync(port) is """{"status":"degraded","detail":"Channels that did not take their last message: email. The messages of an approval say why."}""");

        var approval = (await RunAsync(port, run)).GetProperty("approvals")[0].GetString();
        var message = (await Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{port}/api/approvals/{approval}", TestContext.Current.CancellationToken)).GetProperty("messages")[0];
        Assert.Equal(("email", "queued"), (Text(message, "channel"), Text(message, "state")));
        Assert.NotEmpty(Text(message, "error"));
        Assert.DoesNotContain("/a?t=", await host.SaysAsync("was not sent by email"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheMailThatWouldBeSentIsShownOnThisMachine()
    {
        await using var host = Start(out var port, []);
        await host.ReadyAsync();
        var run = await RefundAsync(port);
        var approval = (await RunAsync(port, run)).GetProperty("approvals")[0].GetString();
        Assert.Contains("mona@example.test", await Http.GetStringAsync($"http://127.0.0.1:{port}/dev/mail/{approval}", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private HostProcess Start(out int port, Dictionary<string, string> variables, params string[] more)
    {
        File.WriteAllText(scratch.At("people.yaml"), "people:\n  - {id: mona, name: Mona Lindqvist, email: mona@example.test, roles: [approve]}\n");
        return HostProcess.Start(HostProcess.Args(scratch.At("data"), port = HostProcess.FreePort(), ["--people", scratch.At("people.yaml"), .. more]), variables);
    }

    /// <summary>A run that waits for people.</summary>
    private static async Task<string> RefundAsync(int port)
    {
        using var answer = await Http.PostAsJsonAsync($"http://127.0.0.1:{port}/api/runs", new { agent = "refund-desk", input = "A refund, please." });
        var run = Text(await answer.Content.ReadFromJsonAsync<JsonElement>(), "id");
        await Patience.UntilAsync(async () => Text(await RunAsync(port, run), "status") == "waiting");
        return run;
    }

    private static Task<JsonElement> RunAsync(int port, string run) => Http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{port}/api/runs/{run}");

    private static Task<string> HealthAsync(int port) => Http.GetStringAsync($"http://127.0.0.1:{port}/health/ready");

    private static async Task<HttpResponseMessage> DecideAsync(string link, string page, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, link)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["approval"] = Hidden("approval").Match(page).Groups["value"].Value, ["nonce"] = Hidden("nonce").Match(page).Groups["value"].Value, ["code"] = code, ["decide"] = "approve",
            }),
        };
        request.Headers.Add("Origin", "null"); // as a browser sends it from a page without a referrer
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        return await Http.SendAsync(request);
    }

    private static Regex Hidden(string name) => new($"name=\"{name}\" value=\"(?<value>[^\"]+)\"");

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/a\?t=\S+")]
    private static partial Regex Link();

    [GeneratedRegex(@"Code: (?<code>\d{4})")]
    private static partial Regex Code();

    [GeneratedRegex(@"^\d\d:\d\d:\d\d \w+: ")]
    private static partial Regex LogLine();
}

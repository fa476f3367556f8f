using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Holdfast.Agents;
using Holdfast.Durable.Embedded;

namespace Holdfast.Crash;

/// <summary>
/// One large refund, asked of two people over HTTP, killed again and again between the steps of its approval: message written, told, sent and recorded;
/// word stored, delivered, settled and told; the call begun, acted and recorded. Each start is armed for the next kill, and while it makes up for the last
/// one the people go on. HOLDFAST_TORTURE_SEEDS times over (default 2): uneven times are told on the terminal and killed early, even ones by mail and late.
/// </summary>
public sealed class ApprovalKillTests(ITestOutputHelper output)
{
    private const string Input = "Please refund order A-1003, it arrived broken.";
    private const string TwoStages = "two stages";
    private const string AnEdit = "an edit";

    private static readonly string[] Gate = [AgentCrashPoints.ToolStarted, AgentCrashPoints.ToolActed, AgentCrashPoints.ToolRecorded];
    private static readonly string[] Settling = [EngineCrashPoints.EventAccepted, AgentCrashPoints.AskingSettled, EngineCrashPoints.ChildEnded];

    public static TheoryData<string, int> Passes
    {
        get
        {
            var passes = new TheoryData<string, int>();
            for (var pass = 1; pass <= RandomKillTests.Setting("HOLDFAST_TORTURE_SEEDS", 2); pass++)
            {
                passes.Add(TwoStages, pass);
                passes.Add(AnEdit, pass);
            }

            return passes;
        }
    }

    /// <summary>
    /// Where it is killed, in order: each point is still to come when the one before it has been passed, whatever else was under way then. A first start
    /// has told one message by the first word, three things after it, and two after an edit.
    /// </summary>
    private static IReadOnlyList<string> Kills(string story, bool early) => (story, early) switch
    {
        (TwoStages, true) =>
            [AgentCrashPoints.WordStored, EngineCrashPoints.StartAccepted, AgentCrashPoints.MessageSent, AgentCrashPoints.WordStored, EngineCrashPoints.EventAccepted, AgentCrashPoints.AskingSettled, .. Gate],
        (TwoStages, false) => [$"{AgentCrashPoints.WordStored}:5", .. Settling, .. Gate], // the second word
        (_, true) => [$"{AgentCrashPoints.WordStored}:5", AgentCrashPoints.MessageSent, .. Settling, .. Gate], // the edit, and the message that it leads to
        (_, false) => [$"{AgentCrashPoints.WordStored}:7", .. Settling, .. Gate], // the word after it
    };

    /// <summary>One by the link and its page, the other by a key.</summary>
    private static IReadOnlyList<Word> Words(string story, bool early, string key)
    {
        Word mona = new("mona", "approve") { Key = early ? null : key }, finn = new("finn", story == AnEdit ? "edit" : "approve", story == AnEdit ? 1100 : null) { Key = early ? key : null };
        return story == AnEdit ? [mona, finn, mona] : [mona, finn];
    }

    [Theory]
    [MemberData(nameof(Passes))]
    public async Task AKillBetweenAnyTwoStepsLosesNoWordAndNoMessageRefundsOnceAndLeavesNoTraceOfALink(string story, int pass)
    {
        var early = pass % 2 == 1;
        using var giveUp = new CancellationTokenSource(TimeSpan.FromMinutes(5), TimeProvider.System);
        using var mail = new MailServer();
        await using var host = new HostProcess();
        var spans = host.Variables["CRASH_HOST_SPANS"] = Path.Combine(host.DataDirectory, "spans.txt");
        if (!early)
        {
            TellByMail(host, mail);
        }

        IReadOnlyList<Letter> Letters() => early ? Letter.OnTerminal(host.Output) : mail.Taken;
        var key = await host.AddKeyAsync(early ? "finn" : "mona");
        var (words, kills, canaries, shop) = (Words(story, early, key), Kills(story, early), new Canaries(), new ShopFile(host.DataDirectory));
        var people = new Approvers(host, Letters, words, canaries);
        var seeThrough = Task.Run(() => new Person(host, shop, people.DecideAsync).SeeThroughAsync("refund-desk", Input, "the-key", giveUp.Token), giveUp.Token);
        foreach (var kill in kills)
        {
            await host.StartAsync(kill);
            var killed = host.EndsAsKilledAsync(kill, giveUp.Token);
            if (await Task.WhenAny(killed, seeThrough) == seeThrough)
            {
                Assert.Fail($"The run ended before {kill} was reached: {await seeThrough}"); // or the people have failed, which says more
            }

            await killed;
        }

        await host.StartAsync();
        var run = await seeThrough;
        JudgeShop(shop, run.GetProperty("id").GetString()!, words);
        Assert.Equal("completed", run.GetProperty("outcome").GetProperty("kind").GetString());

        var approvals = await ApprovalsAsync(host, run);
        JudgeWords(approvals, words);
        JudgeLetters(approvals, Letters(), isSentTwice: kills.Any(kill => kill.StartsWith(AgentCrashPoints.MessageSent, StringComparison.Ordinal)));
        await JudgeLinksAsync(host, Letters(), story);

        await host.KillAsync();
        foreach (var letter in Letters())
        {
            canaries.Letter(letter);
        }

        canaries.Key(key);
        canaries.AssertNowhere(host, spans, approvals[0].GetProperty("id").GetString()!, early ? Letters() : []);
        output.WriteLine($"{kills.Count} kills, {Letters().Count} letters.");
    }

    private static void TellByMail(HostProcess host, MailServer mail)
    {
        host.Variables["HOLDFAST_CHANNELS__EMAIL__SERVER"] = "127.0.0.1";
        host.Variables["HOLDFAST_CHANNELS__EMAIL__PORT"] = $"{mail.Port}";
        host.Variables["HOLDFAST_CHANNELS__EMAIL__TLS"] = "none";
        host.Variables["HOLDFAST_CHANNELS__EMAIL__FROM"] = "desk@example.test";
        host.Variables["HOLDFAST_CHANNELS__CONSOLE"] = "true"; // for the operator, who has no address
    }

    private static void JudgeShop(ShopFile shop, string run, IReadOnlyList<Word> words)
    {
        Assert.Equal([words.Any(word => word.Amount is not null) ? "1100.00" : "1200.00"], shop.Amounts(run));
        Assert.Equal(1, shop.Replies(run));
        Assert.Equal((2, 1), (shop.Requests("issue_refund"), shop.Keys("issue_refund"))); // the second because the first was killed before its record
    }

    private static async Task<IReadOnlyList<JsonElement>> ApprovalsAsync(HostProcess host, JsonElement run)
    {
        List<JsonElement> approvals = [];
        foreach (var id in run.GetProperty("approvals").EnumerateArray())
        {
            approvals.Add(await host.Client.GetFromJsonAsync<JsonElement>($"/api/approvals/{id.GetString()}"));
        }

        return [.. approvals.OrderBy(approval => approval.GetProperty("round").GetInt32())];
    }

    /// <summary>Each word is there once. What an edit has found is void, and its own counts for what was asked anew.</summary>
    private static void JudgeWords(IReadOnlyList<JsonElement> approvals, IReadOnlyList<Word> words)
    {
        var said = words.Select(word => word.Recorded).ToList();
        IReadOnlyList<string> expected = words.Count == 2 ? [$"approved: {said[0]}, {said[1]}"]
            : [$"superseded: {said[0]}, {said[1]}", $"approved: {said[1].Replace("edit", "approve", StringComparison.Ordinal)}, {said[2]}"];
        Assert.Equal(expected, approvals.Select(approval => $"{approval.GetProperty("status").GetString()}: " + string.Join(", ", approval.GetProperty("votes").EnumerateArray().Select(
            vote => $"{vote.GetProperty("by").GetString()} {vote.GetProperty("decision").GetString()} {vote.GetProperty("way").GetString()}"))));
    }

    /// <summary>Each message was sent, as one and to one, however often.</summary>
    private static void JudgeLetters(IReadOnlyList<JsonElement> approvals, IReadOnlyList<Letter> letters, bool isSentTwice)
    {
        var messages = approvals.SelectMany(approval => approval.GetProperty("messages").EnumerateArray()).ToList();
        Assert.All(messages, message => Assert.Equal("sent", message.GetProperty("state").GetString()));
        Assert.Equal(approvals.Count == 1 ? ["finn", "fiona", "mona"] : ["finn", "fiona", "mona", "mona"], messages.Select(message => Assert.Single(message.GetProperty("to").EnumerateArray()).GetString()).Order());
        var different = letters.Distinct().ToList();
        Assert.Equal(messages.Count, different.Count);
        Assert.Equal(messages.Count, different.Select(letter => letter.Token).Distinct().Count());
        if (letters[0].Id.Length > 0)
        {
            Assert.Equal(messages.Select(message => $"<{message.GetProperty("id").GetString()}@example.test>").Order(), different.Select(letter => letter.Id).Order());
        }

        Assert.True(!isSentTwice || letters.Count > different.Count, "A message that a kill has hit was not sent again.");
    }

    /// <summary>A link of before an edit is of something else; one of what was decided shows it.</summary>
    private static async Task JudgeLinksAsync(HostProcess host, IReadOnlyList<Letter> letters, string story)
    {
        var links = letters.Select(letter => letter.Link).Distinct().ToList();
        foreach (var link in links)
        {
            using var page = await host.Client.GetAsync(link);
            Assert.Equal(story == AnEdit && link != links[^1] ? HttpStatusCode.Conflict : HttpStatusCode.OK, page.StatusCode); // what came last is of what was asked anew
        }
    }
}

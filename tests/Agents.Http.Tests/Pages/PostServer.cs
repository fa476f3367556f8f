using System.Net;
using System.Text.RegularExpressions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Testing;

namespace Holdfast.Agents.Http.Tests.Pages;

/// <summary>A host that knows its people and tells them by mail, which is kept here.</summary>
public class PostServer : ApiServer
{
    public const string KeyText = "a key of the tests, which is long enough";

    public FakeChannel Mail { get; } = new("email");

    public static LinkKeys Keys1 { get; } = LinkKeys.Of("the tests", [new Secret(null, KeyText)]);

    public override People People { get; } = new(
    [
        new("acme", "mia", "Mia Manager") { Roles = ["manager"], Email = "mia@acme.example", Language = "de-DE", TimeZone = "Europe/Berlin" },
        new("acme", "max", "Max Manager") { Roles = ["manager"], Email = "max@acme.example" },
        new("acme", "anna", "Anna Asks") { Roles = ["manager"], Email = "anna@acme.example" },
    ]);

    public override AgentOptions Options => new() { Channels = [Mail], LinkKeys = Keys1, Address = new Uri("http://holdfast.test/") };

    /// <summary>A run that waits, and the message of one who is asked.</summary>
    public async Task<(string Run, string Approval, Message Mail)> AskAsync(string agent = "payout", string person = "mia")
    {
        var (run, approval) = await Anna.AskAsync(agent);
        await SettleAsync();
        return (run, approval, Mail.Sent.Last(message => message.Items.Any(item => item.Approval == approval) && message.To.Any(to => to.Id == person)));
    }

    /// <summary>A browser that has nothing yet.</summary>
    public Browser Browse() => new(Address);
}

/// <summary>What a browser does with pages: keeps cookies, and sends the forms that it was given.</summary>
public sealed partial class Browser(Uri address) : IDisposable
{
    private readonly HttpClient http = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = true });

    public Task<PageReply> GetAsync(string path, HttpMethod? method = null) => SendAsync(new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(address, path)));

    public Task<PageReply> GetAsync(Message mail) => GetAsync(mail.Link.PathAndQuery);

    public Task<PageReply> PostAsync(string path, Dictionary<string, string> form, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path)) { Content = new FormUrlEncodedContent(form) };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return SendAsync(request);
    }

    /// <summary>Presses a button of the form of the first item on a page.</summary>
    public async Task<PageReply> DecideAsync(string path, string decision, string? code = null, params (string Name, string Value)[] more)
    {
        var page = await GetAsync(path);
        return await PostAsync(path, FormOf(page, decision, code, more));
    }

    public static Dictionary<string, string> FormOf(PageReply page, string decision, string? code = null, params (string Name, string Value)[] more)
    {
        var form = new Dictionary<string, string> { ["approval"] = page.Hidden("approval"), ["nonce"] = page.Hidden("nonce", after: "name=\"approval\""), ["decide"] = decision, ["reason"] = "" };
        if (code is not null)
        {
            form["code"] = code;
        }

        foreach (var (name, value) in more)
        {
            form[name] = value;
        }

        return form;
    }

    public void Dispose() => http.Dispose();

    private async Task<PageReply> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await http.SendAsync(request);
            return new(response.StatusCode, response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value)), await response.Content.ReadAsStringAsync());
        }
    }
}

public sealed record PageReply(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, string Html)
{
    /// <summary>Of the first form that has it.</summary>
    /// <param name="after">What it stands behind.</param>
    public string Hidden(string name, string after = "") => Regex.Match(Html[Math.Max(0, Html.IndexOf(after, StringComparison.Ordinal))..], $"name=\"{name}\" value=\"([^\"]*)\"").Groups[1] is { Success: true } found ? WebUtility.HtmlDecode(found.Value)
        : throw new InvalidOperationException($"The page has no {name}: {Html}");

    public void Is(int status, params string[] words)
    {
        Assert.True((int)Status == status, $"Expected {status}, got {(int)Status}: {Html}");
        Assert.All(words, word => Assert.Contains(word, Text, StringComparison.Ordinal));
    }

    /// <summary>What is read of it.</summary>
    public string Text => WebUtility.HtmlDecode(Regex.Replace(Regex.Replace(Html, "<style>.*?</style>", "", RegexOptions.Singleline), "<[^>]+>", ""));
}

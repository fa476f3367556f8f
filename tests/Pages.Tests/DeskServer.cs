using System.Collections.Concurrent;
using Holdfast.Agents.Http.Tests.Pages;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Providers.Messaging;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Pages.Tests;

/// <summary>A host with real agents, whose people come by a browser. It keeps what browsers asked of it.</summary>
public sealed class DeskServer : PostServer
{
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> keys = [];
    private readonly ConcurrentQueue<Met> met = [];

    public override People People { get; } = new(
    [
        new("acme", "mia", "Mia Lindqvist") { Roles = ["manager"], Email = "mia@acme.example", Language = "de-DE", TimeZone = "Europe/Berlin" },
        new("acme", "max", "Max Okafor") { Roles = ["manager"], Email = "max@acme.example", Language = "en-IE", TimeZone = "Europe/Dublin" },
        new("acme", "anna", "Anna Hoffmann") { Roles = ["manager"], Email = "anna@acme.example" },
        new("acme", "finn", "Finn Feld") { Roles = ["finance"], Email = "finn@acme.example" },
        new("acme", "nora", "Nora Night") { Roles = ["night"], Email = "nora@acme.example" },
    ]);

    public override Func<Message, (string Subject, string Text, string Html)>? MailOf { get; } = message =>
    {
        var mail = MailContent.Of(message);
        return (mail.Subject, mail.Text, mail.Html);
    };

    /// <summary>What browsers asked, in its order.</summary>
    internal IReadOnlyList<Met> Met => [.. met];

    /// <summary>A key of a person, made when it is first wanted.</summary>
    public Task<string> KeyAsync(string person, params string[] roles) => keys.GetOrAdd(person, name => new(async () =>
        (await Keys.AddAsync(new NewApiKey(name, "acme", roles.Length == 0 ? [Roles.Approve, Roles.Read] : roles, TimeSpan.FromDays(300)))).Text)).Value;

    /// <summary>What holds of everything that a visit met: nothing is kept, framed, or fetched from elsewhere, and no page says where somebody came from.</summary>
    internal void AssertKept(Visit visit)
    {
        Assert.All(visit.Requests, address => Assert.StartsWith(Address.AbsoluteUri, address, StringComparison.Ordinal));
        // The browser notes every refusal, and has advice for password fields.
        Assert.DoesNotContain(visit.Complaints, line => !line.StartsWith("[DOM]", StringComparison.Ordinal) && !line.Contains("responded with a status of 4", StringComparison.Ordinal));
        Assert.NotEmpty(Met);
        Assert.All(Met, one => Assert.Equal("", one.Referer));
        Assert.All(Met, one => Assert.Equal("no-store", one.Headers["Cache-Control"]));
        Assert.All(Met.Where(one => one.Status != StatusCodes.Status303SeeOther), page =>
        {
            Assert.Equal(("no-referrer", "DENY", "nosniff"), (page.Headers["Referrer-Policy"], page.Headers["X-Frame-Options"], page.Headers["X-Content-Type-Options"]));
            Assert.StartsWith("default-src 'none'; ", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
            Assert.EndsWith("; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        });
    }

    protected override async Task MeetAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        if (http.Request.Headers.ContainsKey("Sec-Fetch-Site"))
        {
            met.Enqueue(new(http.Request.Method, http.Request.Path + http.Request.QueryString, http.Request.Headers.Referer.ToString(), http.Response.StatusCode,
                http.Response.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        }
    }
}

/// <summary>A request of a browser, and how it was answered.</summary>
/// <param name="Referer">Empty for none.</param>
internal sealed record Met(string Method, string Address, string Referer, int Status, IReadOnlyDictionary<string, string> Headers);

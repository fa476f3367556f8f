using System.Net;
using System.Text.Json;
using Holdfast.Agents;
using Holdfast.Agents.Http.Tests.Pages;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Links;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Testing;
using Holdfast.Durable;
using Holdfast.Durable.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using RefundDesk;
using Xunit;

namespace Holdfast.Host.Functions.Tests;

/// <summary>The example from the first request to the last word, judged by the shop's own file.</summary>
public sealed class RefundDeskTests
{
    public enum Database
    {
        Sqlite,
        Postgres,
    }

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task ARefundWaitsForItsApprovalAndIsMadeOnce(Database database)
    {
        await using var app = await FunctionApp.StartAsync(On(database));
        var id = Text(await app.StartRunAsync("Please refund order A-1002, it arrived broken."), "id");
        var waiting = await app.UntilAsync(id, "waiting");
        Assert.Empty(Shop(app, "refund"));
        var approval = waiting.GetProperty("approvals")[0].GetString()!;
        Assert.Equal(HttpStatusCode.OK, await app.DecideAsync(approval, "approve"));
        var ended = await app.UntilAsync(id, "ended");
        Assert.Equal("completed", Text(ended.GetProperty("outcome"), "kind"));
        Assert.Equal([(id, "A-1002", 400m)], Shop(app, "refund").Select(refund => (refund.Run, refund.Order, refund.Amount)));
        Assert.Equal([id], Shop(app, "reply").Select(reply => reply.Run));
        Assert.Null(app.Ended);
    }

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task ARejectedRefundIsNeverMade(Database database)
    {
        await using var app = await FunctionApp.StartAsync(On(database));
        var id = Text(await app.StartRunAsync("Please refund order A-1002, it arrived broken."), "id");
        var waiting = await app.UntilAsync(id, "waiting");
        Assert.Equal(HttpStatusCode.OK, await app.DecideAsync(waiting.GetProperty("approvals")[0].GetString()!, "reject"));
        await app.UntilAsync(id, "ended");
        Assert.Empty(Shop(app, "refund"));
    }

    [Theory]
    [InlineData(Database.Sqlite)]
    [InlineData(Database.Postgres)]
    public async Task ARefundOfTwoStagesIsDecidedByTheirLinksAndMadeOnce(Database database)
    {
        var mail = new FakeChannel("email");
        var keys = LinkKeys.Read("the tests", "a key of the tests that is long enough", new SecretSource(null, static _ => null));
        await using var app = await FunctionApp.StartAsync(
            On(database), new AgentOptions { Channels = [mail], LinkKeys = keys, Address = new Uri("https://desk.example/") }, people: new People(
            [
                new("acme", "mona", "Mona Lindqvist") { Roles = ["manager"], Email = "mona@example.test" },
                new("acme", "finn", "Finn Okafor") { Roles = ["finance"], Email = "finn@example.test" },
                new("acme", "dora", "Dora Meier") { Roles = ["director"], Email = "dora@example.test" },
            ]));
        using var browser = new Browser(app.Http.BaseAddress!);
        var id = Text(await app.StartRunAsync("Please refund order A-1003, it arrived broken."), "id");
        foreach (var person in new[] { "mona", "finn" })
        {
            await Patience.UntilAsync(() => Task.FromResult(mail.Sent.Any(message => message.To.Single().Id == person)));
            Assert.Empty(Shop(app, "refund"));
            var link = mail.Sent.Single(message => message.To.Single().Id == person);
            (await browser.GetAsync(link)).Is(200, "A-1003");
            (await browser.DecideAsync(link.Link.PathAndQuery, "approve", link.Code)).Is(200, "Your decision is stored");
        }

        Assert.Equal("completed", Text((await app.UntilAsync(id, "ended")).GetProperty("outcome"), "kind"));
        Assert.Equal([(id, "A-1003", 1200m)], Shop(app, "refund").Select(refund => (refund.Run, refund.Order, refund.Amount)));
        Assert.Null(app.Ended);
    }

    [Fact]
    public async Task WhatAProcessCommittedAndDidNotLiveToTellIsToldByTheTimerOfAnother()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = server.ConnectionTo(await server.NewSchemaAsync());
        await using var hub = new TaskHub();
        string id;
        var dies = new AgentOptions
        {
            CrashPoint = point =>
            {
                if (point == AgentCrashPoints.RunAccepted)
                {
                    throw new InvalidOperationException("The process ends here.");
                }
            },
        };
        await using (var dead = await FunctionApp.StartAsync(_ => OpenAsync(connection), dies, hub))
        {
            id = Text(await dead.StartRunAsync("Please refund order A-1002, it arrived broken."), "id");
        }

        await using var other = await FunctionApp.StartAsync(_ => OpenAsync(connection), new AgentOptions { WakeAgainAfter = TimeSpan.Zero }, hub);
        Assert.Equal("queued", Text(await other.UntilAsync(id, "queued"), "status")); // a process that only starts tells nobody
        await other.SweepAsync();
        await other.UntilAsync(id, "waiting");
    }

    [Fact]
    public async Task ADatabaseThatIsKilledAgainAndAgainLosesAndDoublesNothing()
    {
        await using var server = await PostgresServer.StartAsync(durable: true);
        await using var app = await FunctionApp.StartAsync(_ => OpenAsync(server.ConnectionTo("public")), new AgentOptions { WakeAgainAfter = TimeSpan.FromSeconds(1) });
        var started = await Task.WhenAll(Enumerable.Range(0, 15).Select(n => app.StartRunAsync($"Please refund order {(n % 3 == 0 ? "A-1002" : "A-1001")}, it arrived broken.")));
        var ids = started.Select(run => Text(run, "id")).ToList();
        var ending = Task.WhenAll(ids.Select(id => SeeThroughAsync(app, id)));
        var ringing = RingAsync(app, ending);
        for (var kill = 0; kill < 5; kill++)
        {
            var before = Shop(app, "request").Count;
            await server.KillAsync();
            await server.StartServerAsync();
            await Patience.UntilAsync(async () =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                return ending.IsCompleted || Shop(app, "request").Count > before;
            });
        }

        await ending;
        await ringing;
        Assert.Equal(ids.Order(), Shop(app, "refund").Select(refund => refund.Run).Order());
        Assert.Equal(ids.Order(), Shop(app, "reply").Select(reply => reply.Run).Order());
        Assert.Null(app.Ended);
    }

    /// <summary>The timer, which tells the engine what was stored in the moment of a kill, and rings more often than every minute here.</summary>
    private static async Task RingAsync(FunctionApp app, Task until)
    {
        while (!until.IsCompleted)
        {
            try
            {
                await app.SweepAsync();
            }
            catch (Exception e) when (e is StoreUnavailableException or EngineUnavailableException)
            {
                // The next one goes on.
            }

            await Task.WhenAny(until, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        }
    }

    /// <summary>A person who approves, and who looks at the shop where a call is in doubt; what the database did not take is said again.</summary>
    private static async Task SeeThroughAsync(FunctionApp app, string id)
    {
        while (true)
        {
            var run = await app.UntilAsync(id, "waiting", "ended");
            if (Text(run, "status") == "ended")
            {
                Assert.Equal("completed", Text(run.GetProperty("outcome"), "kind"));
                return;
            }

            foreach (var approval in run.GetProperty("approvals").EnumerateArray().Select(one => one.GetString()!))
            {
                var word = await app.KindAsync(approval) switch
                {
                    "approval" => "approve",
                    "inDoubt" => Shop(app, "reply").Exists(reply => reply.Run == id) ? "happened" : "runAgain",
                    _ => null,
                };
                _ = word is null ? default : await app.DecideAsync(approval, word);
            }
        }
    }

    private static Func<string, Task<AgentStore>> On(Database database) => database == Database.Sqlite
        ? file => Task.FromResult(new AgentStore(SqliteDialect.Open(file, TimeProvider.System, NullLogger.Instance)))
        : async _ =>
        {
            var server = await PostgresServer.SharedAsync();
            return await OpenAsync(server.ConnectionTo(await server.NewSchemaAsync()));
        };

    private static async Task<AgentStore> OpenAsync(string connection) => new(await PostgresDialect.OpenAsync(new PostgresOptions(connection), NullLogger.Instance));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static List<Entry> Shop(FunctionApp app, string what) => [.. RefundDesk.Shop.Read(app.ShopFile).Where(entry => entry.What == what)];
}

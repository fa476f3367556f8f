using System.Net;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;
using Holdfast.Durable.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Agents.Http.Tests;

public sealed class RateLimitTests : IDisposable
{
    private readonly string data = Directory.CreateTempSubdirectory("holdfast-rate-").FullName;
    private readonly VirtualTime time = new();
    private readonly AgentStore store;

    public RateLimitTests() => store = new AgentStore(SqliteDialect.Open(Path.Combine(data, "agents.db"), time, NullLogger.Instance));

    public void Dispose()
    {
        store.Dispose();
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task TenTimesTheRateIsAnsweredWithTheTimeToWaitAndTheRateItselfIsNot()
    {
        var identify = Keys(new RateLimits { PerSecond = 10, Burst = 20 });
        var key = await AddAsync("busy");
        List<int> statuses = [];

        for (var second = 0; second < 10; second++)
        {
            for (var i = 0; i < 100; i++)
            {
                statuses.Add(await StatusAsync(identify, key));
                time.Advance(TimeSpan.FromMilliseconds(10));
            }
        }

        Assert.Equal((20 + 99, 881), (statuses.Count(status => status == 200), statuses.Count(status => status == 429)));
        for (var i = 0; i < 50; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal(200, await StatusAsync(identify, key));
        }
    }

    [Fact]
    public async Task WhoWaitsAsLongAsItWasToldIsServed()
    {
        var identify = Keys(new RateLimits { PerSecond = 0.25, Burst = 1 });
        var key = await AddAsync("patient");
        await identify(Request(key));

        var refused = (await Assert.ThrowsAsync<ProblemException>(async () => await identify(Request(key)))).Problem;
        time.Advance(TimeSpan.FromSeconds(refused.RetryAfter!.Value));

        Assert.Equal((429, 4), (refused.Status, refused.RetryAfter));
        Assert.Contains("patient may make 0.25 requests a second", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(200, await StatusAsync(identify, key));
    }

    [Fact]
    public async Task OneKeysHasteIsNotAnothers()
    {
        var identify = Keys(new RateLimits { PerSecond = 1, Burst = 1 });
        var (hasty, calm) = (await AddAsync("hasty"), await AddAsync("calm"));

        Assert.Equal((200, 429, 200), (await StatusAsync(identify, hasty), await StatusAsync(identify, hasty), await StatusAsync(identify, calm)));
    }

    [Fact]
    public async Task AnAddressThatKeepsGuessingIsStoppedBeforeTheStoreIsAsked()
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 1, FailureBurst = 5 });
        var good = await AddAsync("good");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(401, await StatusAsync(identify, ApiKeyText.New().Reveal()));
        }

        Assert.Equal(429, await StatusAsync(identify, ApiKeyText.New().Reveal()));
        Assert.Equal(429, await StatusAsync(identify, null));
        Assert.Equal(429, await StatusAsync(identify, "no key"));
        Assert.Equal(429, await StatusAsync(identify, good));
        Assert.Equal(200, await StatusAsync(identify, good, "192.0.2.2"));
    }

    [Fact]
    public async Task AKeyThatWasGoodAMomentAgoIsNotHeldUpByGuessesAtItsAddress()
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 1, FailureBurst = 5 });
        var good = await AddAsync("good");
        Assert.Equal(200, await StatusAsync(identify, good));
        for (var i = 0; i < 9; i++)
        {
            await StatusAsync(identify, ApiKeyText.New().Reveal());
        }

        Assert.Equal(200, await StatusAsync(identify, good));
    }

    [Fact]
    public async Task AKeyInUseIsNeverHeldUpByWhatOthersAtItsAddressDoForAnHour()
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 1, FailureBurst = 5 });
        var good = await AddAsync("good");
        Assert.Equal(200, await StatusAsync(identify, good));
        for (var second = 0; second < 3600; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            for (var i = 0; i < 9; i++)
            {
                await StatusAsync(identify, null);
            }

            Assert.Equal(200, await StatusAsync(identify, good));
        }
    }

    [Fact]
    public async Task AKeyThatWasGoodIsAGuessOnceItIsRefused()
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 0.001, FailureBurst = 1 });
        var issued = await new ApiKeys(store).AddAsync(new NewApiKey("former", "acme", [Roles.Read], null));
        Assert.Equal(200, await StatusAsync(identify, issued.Text));
        await new ApiKeys(store).RevokeAsync(issued.Key.Prefix);
        time.Advance(ApiKeys.RevokedWithin);

        Assert.Equal((401, 401, 429), (await StatusAsync(identify, issued.Text), await StatusAsync(identify, issued.Text), await StatusAsync(identify, issued.Text)));
    }

    [Fact]
    public async Task GoodKeysAreNoGuesses()
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 0.001, FailureBurst = 1 });
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(200, await StatusAsync(identify, await AddAsync($"key-{i}")));
        }
    }

    [Fact]
    public async Task AGoodKeyThatComesByManyConnectionsAtOnceIsNoGuessEither()
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 0.001, FailureBurst = 1 });
        var good = await AddAsync("many");

        var statuses = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => StatusAsync(identify, good))));

        Assert.All(statuses, status => Assert.Equal(200, status));
    }

    [Fact]
    public async Task ToAskAgainWhoMakesARequestIsNoFurtherRequest()
    {
        var identify = Keys(new RateLimits { PerSecond = 0.001, Burst = 1, FailuresPerSecond = 0.001, FailureBurst = 1 });
        var request = Request(await AddAsync("streaming"));
        request.Items[typeof(Principal)] = await identify(request);
        await StatusAsync(identify, "a guess that uses up what the address may");

        for (var i = 0; i < 10; i++)
        {
            time.Advance(ApiKeys.RevokedWithin);
            Assert.NotNull(await identify(request));
        }
    }

    [Fact]
    public async Task AStoreThatDoesNotAnswerMakesNoGuessOfAKey()
    {
        var isAway = true;
        var identify = Identification.Keys(() => isAway ? throw new TimeoutException() : store,
            new RateLimits { FailuresPerSecond = 0.001, FailureBurst = 1 }, time, NullLoggerFactory.Instance);
        var good = await AddAsync("patient");
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => StatusAsync(identify, good));
        }

        isAway = false;
        Assert.Equal(200, await StatusAsync(identify, good));
    }

    [Theory]
    [InlineData("2001:db8::1", "2001:db8::ffff:1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public async Task AnAddressIsWhatOneCallerCanHave(string first, string second, bool same)
    {
        var identify = Keys(new RateLimits { FailuresPerSecond = 1, FailureBurst = 1 });
        await StatusAsync(identify, null, first);

        Assert.Equal(same ? 429 : 401, await StatusAsync(identify, null, second));
    }

    [Fact]
    public void WhoIsQuietIsForgottenSoThatAddressesTakeNoMemory()
    {
        var limit = new RateLimit(perSecond: 1, burst: 10, time);
        for (var i = 0; i < 200_000; i++)
        {
            Assert.Null(limit.Take($"address {i}"));
            time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.True(limit.Callers <= 2048, $"{limit.Callers} callers are remembered.");
    }

    [Fact]
    public void MoreCallersAtOnceThanAreToldApartShareOneShare()
    {
        var limit = new RateLimit(perSecond: 1, burst: 2, time);
        for (var i = 0; i < RateLimit.Most; i++)
        {
            limit.Take($"address {i}");
        }

        Assert.Equal([null, null, TimeSpan.FromSeconds(1)], [limit.Take("a"), limit.Take("b"), limit.Take("c")]);
        Assert.Null(limit.Take("address 7"));
        Assert.Equal(RateLimit.Most + 1, limit.Callers);
    }

    [Fact]
    public void WhatWasTakenFromTheSharedShareIsGivenBackToIt()
    {
        var limit = new RateLimit(perSecond: 1, burst: 2, time);
        for (var i = 0; i < RateLimit.Most; i++)
        {
            limit.Take($"address {i}");
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Null(limit.Take($"newcomer {i}", out var counted));
            limit.Return(counted);
        }
    }

    private Func<HttpContext, ValueTask<Principal?>> Keys(RateLimits limits) => Identification.Keys(() => store, limits, time, NullLoggerFactory.Instance);

    private async Task<string> AddAsync(string name) => (await new ApiKeys(store).AddAsync(new NewApiKey(name, "acme", [Roles.Read], null))).Text;

    private static async Task<int> StatusAsync(Func<HttpContext, ValueTask<Principal?>> identify, string? key, string address = "192.0.2.1")
    {
        try
        {
            return await identify(Request(key, address)) is null ? 401 : 200;
        }
        catch (ProblemException e)
        {
            return e.Problem.Status;
        }
    }

    private static DefaultHttpContext Request(string? key, string address = "192.0.2.1")
    {
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(address);
        http.Request.Headers.Authorization = key is null ? default : new($"Bearer {key}");
        return http;
    }
}

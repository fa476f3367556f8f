using Microsoft.AspNetCore.Http;

namespace Holdfast.Host.Local.Tests;

public sealed class FromHereTests
{
    [Theory]
    [InlineData("127.0.0.1:7071", null, true)]
    [InlineData("localhost:7071", null, true)]
    [InlineData("LOCALHOST", null, true)]
    [InlineData("[::1]:7071", null, true)]
    [InlineData("127.0.0.1:7071", "http://127.0.0.1:7071", true)]
    [InlineData("localhost:7071", "http://localhost:7071", true)]
    [InlineData("rebound.example:7071", null, false)]
    [InlineData("127.0.0.1.example:7071", null, false)]
    [InlineData("localhost.example", null, false)]
    [InlineData("169.254.169.254", null, false)]
    [InlineData("", null, false)]
    [InlineData("127.0.0.1:7071", "https://evil.example", false)]
    [InlineData("127.0.0.1:7071", "http://127.0.0.1:3000", false)]
    [InlineData("127.0.0.1:7071", "https://127.0.0.1:7071", false)]
    [InlineData("localhost:7071", "http://127.0.0.1.evil.example:7071", false)]
    [InlineData("127.0.0.1:7071", "null", false)]
    [InlineData("127.0.0.1:7071", "", false)]
    [InlineData("rebound.example:7071", "http://rebound.example:7071", false)]
    public void OnlyThisMachineAndItsOwnPagesAreLetIn(string host, string? origin, bool isLetIn)
    {
        var request = new DefaultHttpContext().Request;
        request.Scheme = "http";
        request.Host = new HostString(host);
        if (origin is not null)
        {
            request.Headers.Origin = origin;
        }

        Assert.Equal(isLetIn, FromHere.IsFromHere(request));
    }

    [Theory]
    [InlineData("Forwarded", false)]
    [InlineData("X-Forwarded-For", false)]
    [InlineData("x-forwarded-proto", false)]
    [InlineData("X-Forwarded-Host", false)]
    [InlineData("Via", false)]
    [InlineData("X-Real-IP", false)]
    [InlineData("X-Request-Id", true)]
    public async Task WhatAProxyPassesOnForOthersIsNotTheOperatorsUnlessItHasAKey(string header, bool isLetIn)
    {
        Assert.Equal((isLetIn, true), (await LetInAsync(header, null), await LetInAsync(header, "Bearer hf_x")));
    }

    [Fact]
    public async Task WhoIsTurnedAwayIsToldOfTheOptionForProxies()
    {
        var http = Request("Via", null);
        http.Response.Body = new MemoryStream();

        await FromHere.CheckAsync(http, _ => Task.CompletedTask);

        Assert.Equal(403, http.Response.StatusCode);
        Assert.Contains("Start the host with --proxy ADDRESS", System.Text.Encoding.UTF8.GetString(((MemoryStream)http.Response.Body).ToArray()), StringComparison.Ordinal);
    }

    private static async Task<bool> LetInAsync(string header, string? authorization)
    {
        var isLetIn = false;
        await FromHere.CheckAsync(Request(header, authorization), _ =>
        {
            isLetIn = true;
            return Task.CompletedTask;
        });
        return isLetIn;
    }

    // As nginx passes a request on if it is told nothing else.
    private static DefaultHttpContext Request(string header, string? authorization)
    {
        var http = new DefaultHttpContext();
        (http.Request.Scheme, http.Request.Host) = ("http", new HostString("127.0.0.1:7071"));
        http.Request.Headers[header] = "203.0.113.9";
        http.Request.Headers.Authorization = authorization;
        return http;
    }
}

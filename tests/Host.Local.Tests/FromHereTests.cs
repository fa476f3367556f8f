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
}

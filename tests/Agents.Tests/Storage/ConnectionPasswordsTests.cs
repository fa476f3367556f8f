using Holdfast.Agents.Storage;
using Xunit;

namespace Holdfast.Agents.Tests.Storage;

public sealed class ConnectionPasswordsTests
{
    [Theory]
    [InlineData("Host=h;Password=one", "one")]
    [InlineData("Host=h;pwd='o;n=e'", "o;n=e")]
    [InlineData("PSW = one ;Host=h", "one")]
    [InlineData("Host=h;PASSWORD=one;SSL Password=two", "one|two")]
    [InlineData("Host=h;SslPassword=two", "two")]
    [InlineData("Password=one;=", "one")]
    [InlineData("Host=h;Password=", "")]
    [InlineData("Host=h;Passfile=/etc/pass;Username=password", "")]
    [InlineData("sqlite", "")]
    public void EveryWayToWriteAPasswordIsFound(string connection, string passwords) => Assert.Equal(passwords, string.Join('|', ConnectionPasswords.In(connection)));
}

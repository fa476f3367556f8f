using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Tests;

public sealed class PlatformTests
{
    private const string Oid = "0c9c0e4e-3a30-4c9e-8f6c-2f6f5a1c7d10";
    private const string Tid = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    private const string LongOid = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    private const string LongTid = "http://schemas.microsoft.com/identity/claims/tenantid";
    private const string LongRole = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    private const string Good = """{"platform": {"enabled": true}, "globalValidation": {"requireAuthentication": true, "unauthenticatedClientAction": 2, "excludedPaths": ["/health/live", "/health/ready"]}}""";

    private readonly Func<HttpContext, ValueTask<Principal?>> identify = Identification.Platform(new RateLimits { PerSecond = 1, Burst = 3 }, TimeProvider.System);

    [Fact]
    public async Task APersonComesWithTheirDirectoryAndTheRolesThatWereAssigned()
    {
        var principal = await identify(Request(Claims((LongOid, Oid), (LongTid, Tid), (LongRole, "approve"), (LongRole, "read"), (LongRole, "Billing.Reader"), ("name", "Anna"))));

        Assert.Equal((Oid, Tid), (principal!.Id, principal.Tenant));
        Assert.Equal([Roles.Approve, Roles.Read], principal.Roles);
    }

    [Fact]
    public async Task AnAppThatSpeaksForItselfComesAlike()
    {
        var principal = await identify(Request(Claims(("oid", Oid.ToUpperInvariant()), ("tid", Tid), ("roles", "submit"), ("idtyp", "app"), ("azp", Guid.NewGuid().ToString()))));

        Assert.Equal((Oid, Tid, Roles.Submit), (principal!.Id, principal.Tenant, Assert.Single(principal.Roles)));
    }

    // What infra-bicep/hooks/sign-in.sh asks as: if the platform let it through, this host would take it for an administrator, so its 401 is the platform's.
    [Fact]
    public async Task WhomTheHookMakesUpWouldBeAnAdministratorHere()
    {
        var claims = Regex.Match(await File.ReadAllTextAsync(Hook()), "printf '(?<claims>\\{.+?)'").Groups["claims"].Value;
        var principal = await identify(Request(Encode(claims.Replace("%s", Oid, StringComparison.Ordinal))));

        Assert.Contains(Roles.Admin, principal!.Roles);
        Assert.Contains(Roles.Read, principal.Roles);
    }

    [Theory]
    [InlineData("Admin")]
    [InlineData("admin ")]
    [InlineData("submit,admin")]
    public async Task ARoleOfAnotherNameIsNone(string role) => Assert.Empty((await identify(Request(Claims(("oid", Oid), ("tid", Tid), ("roles", role), ("groups", "admin")))))!.Roles);

    public static TheoryData<string?, string> Malformed => new()
    {
        { null, "the platform has passed nobody on" },
        { "", "is not a list of claims" },
        { "not base64!", "not Base64" },
        { new string('A', 40_000), "too long" },
        { Encode("[]"), "is not a list of claims" },
        { Encode("{}"), "is not a list of claims" },
        { Encode("{\"auth_typ\":\"aad\",\"claims\":"), "is not a list of claims" },
        { Encode("{\"auth_typ\":\"aad\",\"claims\":{}}"), "is not a list of claims" },
        { Encode("{\"auth_typ\":\"aad\",\"claims\":[{\"typ\":\"oid\",\"val\":7}]}"), "is not a list of claims" },
        { Encode(string.Concat(Enumerable.Repeat("[", 20_000))), "is not a list of claims" },
        { Encode(JsonSerializer.Serialize(new { auth_typ = "google", claims = new[] { new { typ = "oid", val = Oid }, new { typ = "tid", val = Tid } } })), "another provider" },
        { Claims(("oid", Oid)), "one object id and one directory" },
        { Claims(("tid", Tid)), "one object id and one directory" },
        { Claims(("oid", "anna"), ("tid", Tid)), "one object id and one directory" },
        { Claims(("oid", Oid), (LongOid, Tid), ("tid", Tid)), "one object id and one directory" },
        { Claims(("oid", Oid), ("tid", Tid), ("tid", Oid)), "one object id and one directory" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task WhoeverIsNotClearlyOneOfTheDirectoryIsNobody(string? header, string words)
    {
        var refused = (await Assert.ThrowsAsync<ProblemException>(async () => await identify(Request(header)))).Problem;

        Assert.Equal((401, "Bearer"), (refused.Status, refused.Challenge));
        Assert.Contains(words, refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoPrincipalsAreNone()
    {
        var request = Request(Claims(("oid", Oid), ("tid", Tid)));
        request.Request.Headers.Append(PlatformPrincipal.Header, Claims(("oid", Tid), ("tid", Tid)));

        Assert.Equal(401, (await Assert.ThrowsAsync<ProblemException>(async () => await identify(request))).Problem.Status);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/HEALTH/ready")]
    [InlineData("/health/live/anything")]
    [InlineData("/a")]
    [InlineData("/A")]
    public async Task OnAPathThatThePlatformLetsThroughTheHeaderIsNotRead(string path)
    {
        Assert.Null(await identify(Request(Claims(("oid", Oid), ("tid", Tid), ("roles", "admin")), path)));
        Assert.Null(await identify(Request(null, path)));
    }

    [Theory]
    [InlineData("/api/runs")]
    [InlineData("/approvals")]
    [InlineData("/approvals/apr_1")]
    [InlineData("/runs/run_1")]
    public void APathThatOnlyBeginsLikeOneOfThemIsNotLetThrough(string path) => Assert.False(PlatformIdentity.IsExcluded(path));

    [Fact]
    public void NoRouteThatNeedsARoleIsAmongThem() =>
        Assert.All(ApiRoutes.All.Where(route => route.Role is not null), route => Assert.False(PlatformIdentity.IsExcluded(route.Path)));

    [Fact]
    public async Task OneWhoAsksForTooMuchIsToldToWait()
    {
        var header = Claims(("oid", Oid), ("tid", Tid));
        for (var i = 0; i < 3; i++)
        {
            await identify(Request(header));
        }

        Assert.Equal(429, (await Assert.ThrowsAsync<ProblemException>(async () => await identify(Request(header)))).Problem.Status);
        Assert.NotNull(await identify(Request(Claims(("oid", Tid), ("tid", Tid)))));
    }

    [Theory]
    [InlineData("True", Good)]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "unauthenticatedClientAction": "Return401"}}""")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": null}}""")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": ["/Health/Ready"]}}""")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": ["/health/live", "/health/ready", "/a"]}}""")]
    public void SettingsUnderWhichThePlatformAsksEverybodyHold(string enabled, string config) => PlatformIdentity.Check(Variables(enabled, config));

    [Theory]
    [InlineData(null, Good, "WEBSITE_AUTH_ENABLED is not 'true'")]
    [InlineData("False", Good, "WEBSITE_AUTH_ENABLED is not 'true'")]
    [InlineData("1", Good, "WEBSITE_AUTH_ENABLED is not 'true'")]
    [InlineData("true", null, "WEBSITE_AUTH_V2_CONFIG_JSON is not set")]
    [InlineData("true", "", "WEBSITE_AUTH_V2_CONFIG_JSON is not set")]
    [InlineData("true", "{", "WEBSITE_AUTH_V2_CONFIG_JSON cannot be read")]
    [InlineData("true", "[]", "WEBSITE_AUTH_V2_CONFIG_JSON cannot be read")]
    [InlineData("true", "{}", "requireAuthentication is true")]
    [InlineData("true", """{"platform": {"enabled": false}, "globalValidation": {"requireAuthentication": true}}""", "platform.enabled is not true")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": false}}""", "requireAuthentication is true")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": "true"}}""", "requireAuthentication is true")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "unauthenticatedClientAction": 1}}""", "AllowAnonymous")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "unauthenticatedClientAction": "AllowAnonymous"}}""", "AllowAnonymous")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": ["/health/live", "/api/runs"]}}""", "'/api/runs' among globalValidation.excludedPaths")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": ["/health/*"]}}""", "'/health/*' among")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": ["/a*"]}}""", "'/a*' among")]
    [InlineData("true", """{"globalValidation": {"requireAuthentication": true, "excludedPaths": "/"}}""", "cannot be read")]
    public void SettingsUnderWhichAnybodyCouldSetTheHeaderAreAStartError(string? enabled, string? config, string words)
    {
        var refused = Assert.Throws<PlatformIdentityException>(() => PlatformIdentity.Check(Variables(enabled, config)));

        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Contains("HOLDFAST_IDENTITY=keys", refused.Message, StringComparison.Ordinal);
    }

    private static Func<string, string?> Variables(string? enabled, string? config) => name => name switch
    {
        "WEBSITE_AUTH_ENABLED" => enabled,
        "WEBSITE_AUTH_V2_CONFIG_JSON" => config,
        _ => null,
    };

    private static string Claims(params (string Type, string Value)[] claims) =>
        Encode(JsonSerializer.Serialize(new { auth_typ = "aad", claims = claims.Select(claim => new { typ = claim.Type, val = claim.Value }), name_typ = "name", role_typ = "roles" }));

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static DefaultHttpContext Request(string? header, string path = "/api/runs")
    {
        var http = new DefaultHttpContext();
        http.Request.Path = path;
        if (header is not null)
        {
            http.Request.Headers[PlatformPrincipal.Header] = header;
        }

        return http;
    }

    private static string Hook([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "../../infra-bicep/hooks/sign-in.sh");
}

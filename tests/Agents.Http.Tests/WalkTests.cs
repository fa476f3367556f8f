using System.Net;
using System.Text.RegularExpressions;
using Holdfast.Agents.Identity;

namespace Holdfast.Agents.Http.Tests;

/// <summary>Every route of openapi.json, asked by keys of two tenants, with the role that the document names for it and without.</summary>
public sealed partial class WalkTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Ours = "acme";

    public static TheoryData<string, string> Operations => [.. from path in Contract.Load().Document["paths"]!.AsObject()
        from operation in path.Value!.AsObject() select (operation.Key.ToUpperInvariant(), path.Key)];

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task TheDocumentSaysWhoMayAndNobodyElseMay(string method, string path)
    {
        var operation = server.Contract.Document["paths"]![path]![method.ToLowerInvariant()]!;
        var address = await AddressAsync((string)operation["operationId"]!, path);
        if (Role().Match((string)operation["description"]!) is not { Success: true } needed)
        {
            Assert.Empty(operation["security"]!.AsArray());
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(server.AsNobody(), method, address)).Status);
            return;
        }

        var role = needed.Groups["role"].Value;
        Assert.Null(operation["security"]);
        Assert.Contains(role, Roles.All);
        var stranger = await server.WithKeyAsync("another", [.. Roles.All]);

        var nobody = await AskAsync(server.AsNobody(), method, address);
        nobody.IsProblem(401, "no key was sent");
        Assert.Equal("Bearer", nobody.Headers.WwwAuthenticate.ToString());
        (await AskAsync(await server.WithKeyAsync(Ours, [.. Roles.All.Except([role, Roles.Admin])]), method, address)).IsProblem(403, $"lacks the role '{role}'");
        var theirs = await AskAsync(stranger, method, address);
        var ours = await AskAsync(await server.WithKeyAsync(Ours, role), method, address);

        if (path.Contains('{', StringComparison.Ordinal))
        {
            theirs.IsProblem(404, "There is no ", address.Split('/')[3]);
        }
        else
        {
            Assert.True(theirs.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, theirs.Text);
            Assert.DoesNotContain("Please refund", theirs.Text, StringComparison.Ordinal);
        }

        Assert.True(ours.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, ours.Text);
    }

    /// <summary>Something of ours that the operation can be done to.</summary>
    private async Task<string> AddressAsync(string operation, string path)
    {
        var id = operation switch
        {
            "startRun" or "live" or "ready" or "openApi" or "explainPolicy" => "",
            "listRuns" or "listApprovals" or "getRun" or "getTranscript" or "cancelRun" or "suspendRun" => (await server.Anna.AskAsync("refund-desk")).Run,
            "getApproval" or "decide" => (await server.Anna.AskAsync("refund-desk")).Approval,
            "followRun" => await EndedAsync(),
            "resumeRun" => await SuspendedAsync(),
            "retryRun" => await PausedAsync(),
            _ => throw new Xunit.Sdk.XunitException($"The walk does not know {operation}. Say here what it can be done to."),
        };
        return path.Replace("{id}", id, StringComparison.Ordinal) + (operation == "explainPolicy" ? "?agent=refund-desk&tool=send_reply&arguments={\"text\":\"Hi\"}" : "");
    }

    private async Task<string> EndedAsync()
    {
        var run = await server.Anna.StartAsync("refund-desk", "hello", wait: 60);
        await server.Anna.UntilAsync(run, "ended");
        return run;
    }

    private async Task<string> SuspendedAsync()
    {
        var (run, _) = await server.Anna.AskAsync("refund-desk");
        await server.Anna.PostAsync($"/api/runs/{run}/suspend");
        return run;
    }

    private async Task<string> PausedAsync()
    {
        var run = await server.Anna.StartAsync("breaker");
        await server.Anna.UntilAsync(run, "paused");
        return run;
    }

    private static Task<Reply> AskAsync(ApiClient client, string method, string address) => client.SendAsync(new HttpMethod(method), address,
        address == "/api/runs" && method == "POST" ? Json("""{"agent": "refund-desk", "input": "hello"}""")
        : address.EndsWith("/decision", StringComparison.Ordinal) ? Json("""{"decision": "approve"}""") : null);

    private static StringContent Json(string text) => new(text, null, "application/json");

    [GeneratedRegex("Needs the role (?<role>[a-z]+)")]
    private static partial Regex Role();
}

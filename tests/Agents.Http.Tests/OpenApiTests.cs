using System.Text.Json;
using System.Text.Json.Nodes;

namespace Holdfast.Agents.Http.Tests;

public sealed class OpenApiTests(ApiServer server) : IClassFixture<ApiServer>
{
    private readonly Contract contract = server.Contract;

    [Fact]
    public void EveryRouteIsDescribedAndNothingElseIs()
    {
        var described = contract.Document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => (operation.Key.ToUpperInvariant(), path.Key)));

        Assert.Equal(HoldfastApi.Routes.Order(), described.Order());
    }

    [Fact]
    public async Task EveryRouteAnswersAsItIsDescribed()
    {
        var anna = server.Anna;
        var (run, approval) = await anna.AskAsync("refund-desk");
        foreach (var path in new[]
        {
            "/api/runs?status=waiting&agent=refund-desk&limit=5", $"/api/runs/{run}", $"/api/runs/{run}/transcript", "/api/approvals?status=pending",
            $"/api/approvals/{approval}", "/api/approvals?waitingFor=me&order=amount&agent=refund-desk&limit=5",
            "/api/policies/explain?agent=refund-desk&tool=issue_refund&arguments={\"orderId\":\"A-1002\",\"amount\":400}", "/health/live", "/health/ready", "/openapi/v1.json",
        })
        {
            Assert.Equal(200, (int)(await anna.GetAsync(path)).Status);
        }

        await anna.PostAsync($"/api/runs/{run}/suspend");
        await anna.PostAsync($"/api/runs/{run}/resume");
        await anna.PostAsync($"/api/approvals/{approval}/decision", """{"decision": "approve", "reason": "It is broken."}""");
        await anna.UntilAsync(run, "ended");
        await anna.GetAsync($"/api/runs/{run}/events");
        await anna.GetAsync($"/api/runs/{run}/transcript");
        var paused = await anna.StartAsync("breaker");
        await anna.UntilAsync(paused, "paused");
        await anna.PostAsync($"/api/runs/{paused}/retry");
        await anna.PostAsync($"/api/runs/{paused}/cancel");

        Assert.Equal(HoldfastApi.Routes.Order(), contract.Succeeded.Keys.Order());
    }

    [Fact]
    public void EveryReferenceLeadsSomewhere()
    {
        foreach (var node in All(contract.Document).OfType<JsonObject>().Where(node => node["$ref"] is JsonValue))
        {
            Assert.NotNull(contract.Resolve(node));
        }
    }

    [Fact]
    public void EverySchemaPropertyAndParameterSaysWhatItMeans()
    {
        foreach (var (name, schema) in contract.Document["components"]!["schemas"]!.AsObject())
        {
            Assert.True(schema!["description"] is not null, name);
            foreach (var properties in All(schema).OfType<JsonObject>().Select(node => node["properties"]).OfType<JsonObject>())
            {
                Assert.All(properties, property => Assert.True(contract.Resolve(property.Value!)["description"] is not null, $"{name}.{property.Key}"));
            }
        }

        Assert.All(All(contract.Document["paths"]!).OfType<JsonObject>().Where(node => node["in"] is not null),
            parameter => Assert.False(string.IsNullOrEmpty((string?)parameter["description"]), parameter.ToJsonString()));
    }

    [Fact]
    public void EveryExampleFitsItsSchema()
    {
        foreach (var schema in contract.Document["components"]!["schemas"]!.AsObject())
        {
            foreach (var example in schema.Value!["examples"]?.AsArray() ?? [])
            {
                contract.Fit(schema.Value!, JsonSerializer.SerializeToElement(example));
            }
        }

        foreach (var content in All(contract.Document["paths"]!).OfType<JsonObject>().Where(node => node["example"] is not null))
        {
            contract.Fit(content["schema"]!, JsonSerializer.SerializeToElement(content["example"]));
        }
    }

    [Fact]
    public void TheClosedListsAreThoseOfTheCode()
    {
        Assert.Equal(Runs.RunStatuses.All, Enum("RunStatus"));
        Assert.Equal(Approvals.ApprovalView.Statuses, Enum("ApprovalStatus"));
        Assert.Equal(Runs.RunEvents.All, Enum("RunEvent", "type"));
        Assert.Equal([.. new[] { "approval", "question", "inDoubt" }.SelectMany(Approvals.Decisions.Of).Distinct().Order(StringComparer.Ordinal)], Enum("DecisionRequest", "decision").Order(StringComparer.Ordinal));
    }

    private string[] Enum(string schema, string? property = null)
    {
        var node = contract.Document["components"]!["schemas"]![schema]!;
        return [.. (property is null ? node : node["properties"]![property]!)["enum"]!.AsArray().Select(value => value!.GetValue<string>())];
    }

    private static IEnumerable<JsonNode> All(JsonNode node) => (node switch
    {
        JsonObject members => members.Select(member => member.Value),
        JsonArray items => items,
        _ => [],
    }).OfType<JsonNode>().SelectMany(All).Prepend(node);
}

using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Http.Tests;

/// <summary>openapi.json, and whether an answer is what it says.</summary>
public sealed class Contract(JsonObject document)
{
    private static readonly string[] Annotations = ["examples", "example"];

    private readonly ConcurrentDictionary<string, JsonSchema> schemas = [];

    public JsonObject Document { get; } = document;

    /// <summary>The routes that were answered with success.</summary>
    public ConcurrentDictionary<(string Method, string Path), bool> Succeeded { get; } = [];

    public static Contract Load()
    {
        using var stream = typeof(HoldfastApi).Assembly.GetManifestResourceStream("openapi.json")!;
        return new((JsonObject)JsonNode.Parse(stream)!);
    }

    public void Check(string method, string address, Reply reply)
    {
        Assert.Equal(["nosniff"], reply.Headers.GetValues("X-Content-Type-Options"));
        Assert.DoesNotContain("   at Holdfast.", reply.Text, StringComparison.Ordinal);
        var path = Document["paths"]!.AsObject().Select(entry => entry.Key).FirstOrDefault(template => Fits(template, address.Split('?')[0]));
        if (path is null || Document["paths"]![path]![method.ToLowerInvariant()] is not { } operation)
        {
            Assert.True((int)reply.Status is 404 or 405 || method == "HEAD", $"{method} {address} is not described, and was answered with {reply.Status}.");
            return;
        }

        var status = ((int)reply.Status).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var described = Resolve(operation["responses"]![status] ?? throw new Xunit.Sdk.XunitException($"{method} {path} answered {status}, which is not described: {reply.Text}"));
        if (reply.Status < System.Net.HttpStatusCode.BadRequest)
        {
            Succeeded[(method, path)] = true;
        }

        if (described["content"] is not JsonObject content)
        {
            Assert.Empty(reply.Text);
            return;
        }

        var type = reply.ContentHeaders.ContentType!;
        Assert.Equal("utf-8", type.CharSet);
        Assert.True(content.ContainsKey(type.MediaType!), $"{method} {path} answered {status} as {type}.");
        if (type.MediaType != "text/event-stream")
        {
            Fit(content[type.MediaType!]!["schema"]!, reply.Body);
        }
    }

    public void CheckEvent(JsonElement data) => Fit(new JsonObject { ["$ref"] = "#/components/schemas/RunEvent" }, data);

    /// <summary>Asserts that an example or an answer fits a schema of the document.</summary>
    public void Fit(JsonNode schema, JsonElement value)
    {
        var checker = schemas.GetOrAdd(schema.ToJsonString(), _ => JsonSchema.Load(JsonSerializer.SerializeToElement(Closed(schema))));
        Assert.Empty(checker.Validate(value));
    }

    public JsonNode Resolve(JsonNode node) => node["$ref"] is { } reference
        ? Resolve(reference.GetValue<string>()[2..].Split('/').Aggregate((JsonNode)Document, (at, name) => at[name] ?? throw new KeyNotFoundException(reference.ToString())))
        : node;

    // Without references and annotations, and without room for members that are not described: an answer has to be described in full.
    private JsonNode? Closed(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject { } reference when reference.ContainsKey("$ref"):
                return Closed(Resolve(reference));
            case JsonObject schema:
                var closed = new JsonObject(schema.Where(member => !Annotations.Contains(member.Key)).Select(member => KeyValuePair.Create(member.Key, Closed(member.Value))));
                if (closed["properties"] is JsonObject && closed["type"] is JsonValue)
                {
                    closed.TryAdd("additionalProperties", false);
                }

                return closed;
            case JsonArray list:
                return new JsonArray([.. list.Select(Closed)]);
            default:
                return node?.DeepClone();
        }
    }

    private static bool Fits(string template, string path) => Regex.IsMatch(path, $"^{Regex.Escape(template).Replace("\\{id}", "[^/]+", StringComparison.Ordinal)}$");
}

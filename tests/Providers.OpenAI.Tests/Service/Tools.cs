using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests.Service;

internal static class Tools
{
    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();

    /// <summary>The shape that strict mode takes.</summary>
    public const string Strict = """{"type":"object","properties":{"amount":{"type":"number"}},"required":["amount"],"additionalProperties":false}""";

    public static AIFunctionDeclaration Refund(string schema = Strict) =>
        AIFunctionFactory.CreateDeclaration("issue_refund", "Pays money back.", Json(schema));

    public static ChatOptions Offered(ChatToolMode? mode = null) => new() { Tools = [Refund()], ToolMode = mode };
}

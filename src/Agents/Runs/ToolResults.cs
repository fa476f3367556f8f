using System.Text.Json.Nodes;

namespace Holdfast.Agents.Runs;

/// <summary>What the model is told of a call that gave no result of its own.</summary>
internal static class ToolResults
{
    /// <param name="code">A short word: invalid, rejected, expired, failed, notDone.</param>
    public static string Error(string code, string message) => new JsonObject { ["error"] = code, ["message"] = message }.ToJsonString();
}

using Holdfast.Agents.Json;

namespace Holdfast.Agents.Tools;

/// <summary>What rules go by when they speak of a tool.</summary>
/// <param name="Schema">Of its arguments; null where the tool is not there any more, and then it may have any.</param>
public sealed record ToolTraits(string Name, Effect Effect, JsonSchema? Schema);

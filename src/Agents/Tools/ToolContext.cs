namespace Holdfast.Agents.Tools;

/// <summary>What a tool may know of the call. A parameter of this type is filled in and is not shown to the model.</summary>
/// <param name="Tenant">Whose data the tool may touch.</param>
/// <param name="RunId">The run that calls.</param>
/// <param name="Agent">The agent's name.</param>
/// <param name="RequestedBy">The person or service on whose behalf the run acts.</param>
/// <param name="IdempotencyKey">The same for every try of one call, and for no other call: hand it to whatever can use it to act
/// once.</param>
/// <param name="Attempt">From 1; grows only when a person says that the call shall run again, and the key with it.</param>
public sealed record ToolContext(string Tenant, string RunId, string Agent, string RequestedBy, string IdempotencyKey, int Attempt);

using Holdfast.Durable;

namespace Holdfast.Agents.Engines;

/// <summary>Says by its mere being that the engine has come to an epoch. It does nothing.</summary>
public sealed class EngineMark : IOrchestrator<Nothing, Nothing>
{
    public const string Name = nameof(EngineMark);

    public Task<Nothing> RunAsync(OrchestrationContext context, Nothing input) => Task.FromResult(Nothing.Value);
}

using Holdfast.Durable;

namespace Holdfast.Agents.Engines;

/// <summary>
/// Says by its mere being that the engine has come to an epoch. It does nothing, and does not end until a later one stands: whoever clears away what
/// has ended leaves the mark that counts.
/// </summary>
public sealed class EngineMark : IOrchestrator<Nothing, Nothing>
{
    public const string Name = nameof(EngineMark);

    /// <summary>The event that ends it.</summary>
    public const string Over = "over";

    public Task<Nothing> RunAsync(OrchestrationContext context, Nothing input) => context.WaitForExternalEvent<Nothing>(Over);
}

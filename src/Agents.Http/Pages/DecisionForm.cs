namespace Holdfast.Agents.Http.Pages;

/// <summary>
/// The form of one item. It posts to the address that it stands at: <c>approval</c>, <c>nonce</c>, <c>decide</c> with one of
/// <see cref="Decisions"/>, and as they apply <c>code</c>, <c>reason</c>, <c>answer</c>, <c>result</c> and <c>arg.PATH</c> for each field.
/// </summary>
/// <param name="Nonce">Bound to this view of this approval.</param>
/// <param name="Decisions">approve, edit, reject, answer, happened, runAgain, giveUp.</param>
public sealed record DecisionForm(string Nonce, IReadOnlyList<string> Decisions)
{
    /// <summary>Whether the four digits of the message are asked for.</summary>
    public bool NeedsCode { get; init; }

    /// <summary>How many tries are left, once one was wrong.</summary>
    public int? TriesLeft { get; init; }

    /// <summary>Which arguments can be changed, where edit is among the decisions.</summary>
    public IReadOnlyList<FormField> Editable { get; init; } = [];

    /// <summary>What is answered, where answer is among the decisions.</summary>
    public FormField? Answer { get; init; }

    /// <summary>Which decision it was sent with, where the form comes back.</summary>
    public string? Sent { get; init; }

    /// <summary>What was typed as a reason, where the form comes back.</summary>
    public string? Reason { get; init; }

    /// <summary>What was typed as a result, where the form comes back.</summary>
    public string? Result { get; init; }

    /// <summary>What is wrong, by the name of the input: code, reason, result, answer, arg.PATH.</summary>
    public IReadOnlyDictionary<string, string> Errors { get; init; } = new Dictionary<string, string>();
}

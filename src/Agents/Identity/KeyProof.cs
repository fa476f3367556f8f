namespace Holdfast.Agents.Identity;

/// <summary>What tells whose an API key is: who sends it has shown all of the key, here or before.</summary>
/// <param name="prefix">What the key is called.</param>
/// <param name="hash">SHA-256 of all of it: what the store keeps. The prefix is in it, so that no row answers for another's secret.</param>
/// <remarks>Nothing slower is needed: what makes a password's hash worth attacking is that passwords are guessed, and 260 random bits are not.</remarks>
internal class KeyProof(string prefix, string hash)
{
    public string Prefix { get; } = prefix;

    public string Hash { get; } = hash;
}

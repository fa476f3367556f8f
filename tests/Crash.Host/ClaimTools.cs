using System.ComponentModel;
using System.Globalization;
using Holdfast.Agents.Tools;

namespace Holdfast.Crash.Host;

/// <summary>Claims to be paid after approval: what each says follows from its number, and a payment says when it began.</summary>
public sealed class ClaimTools
{
    private const string Words = "The parcel came three days late, the box was open on one side and the lamp in it was broken; the customer sent four pictures. ";

    [Tool("read_claim", Reads = Reads.Untrusted), Description("Reads a claim: what it is worth, and why.")]
    public Claim Read([Description("The claim's id, as C-17; C-17L for a long one.")] string claim)
    {
        var number = int.Parse(claim.AsSpan(2).TrimEnd('L'), CultureInfo.InvariantCulture);
        return new(claim, 1001 + number, string.Concat(Enumerable.Repeat(Words, claim.EndsWith('L') ? 64 : 2)));
    }

    [Tool("pay_claim", Does = Effect.External, Idempotent = true), Description("Pays a claim.")]
    public Payment Pay([Description("The claim's id.")] string claim, [Description("How much.")] decimal amount, [Description("Why.")] string reason) =>
        new(claim, TimeProvider.System.GetTimestamp().ToString(CultureInfo.InvariantCulture));
}

public sealed record Claim(string Id, decimal Amount, string Reason);

/// <param name="BeganAt">By a clock that all processes of the machine share, in its ticks; text, because it may be more than a double holds.</param>
public sealed record Payment(string Claim, string BeganAt);

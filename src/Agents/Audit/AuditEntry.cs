using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Audit;

/// <summary>
/// One line of an audit: who tried what, and what came of it. It holds references and digests, so that what a person has said can be erased and the
/// chain still verifies.
/// </summary>
/// <param name="Kind">From <see cref="AuditKinds"/>.</param>
/// <param name="Who">The id of a person, a principal or an operator; holdfast for what time does.</param>
/// <param name="Subject">The id of what it was tried on.</param>
/// <param name="Result">From <see cref="AuditResults"/>.</param>
public sealed partial record AuditEntry(string Kind, string Who, string Subject, string Result)
{
    /// <summary>How it came: api, page, link, command; null for none.</summary>
    public string? Way { get; init; }

    /// <summary>The link that it came by: its id.</summary>
    public string? Link { get; init; }

    /// <summary>Which decision it was: approve, edit, …</summary>
    public string? Decision { get; init; }

    /// <summary>The approval's digest.</summary>
    public string? Digest { get; init; }

    /// <summary>The digest of what was shown.</summary>
    public string? Seen { get; init; }

    /// <summary>The digest of the rules that asked.</summary>
    public string? Policy { get; init; }

    /// <summary>The digest of the people in force.</summary>
    public string? People { get; init; }

    /// <summary>The digest of the policies in force.</summary>
    public string? Policies { get; init; }

    /// <summary>The digest of the reason that was given.</summary>
    public string? Reason { get; init; }

    /// <exception cref="ArgumentException">A field holds words where a digest or a term belongs: they could not be erased any more.</exception>
    internal string ToJson()
    {
        Check(nameof(Kind), Kind, Term());
        Check(nameof(Result), Result, Term());
        Check(nameof(Way), Way, Term());
        Check(nameof(Decision), Decision, Term());
        Check(nameof(Digest), Digest, Sha256());
        Check(nameof(Seen), Seen, Sha256());
        Check(nameof(Policy), Policy, Sha256());
        Check(nameof(People), People, Sha256());
        Check(nameof(Policies), Policies, Sha256());
        Check(nameof(Reason), Reason, Sha256());
        return CanonicalJson.Write(JsonSerializer.SerializeToElement(this, AuditJson.Default.AuditEntry));
    }

    private static void Check(string field, string? value, Regex form)
    {
        if (value is not null && !form.IsMatch(value))
        {
            throw new ArgumentException($"{field} of an audit entry is no {(form == Sha256() ? "digest" : "term")}. An audit holds no words that a person has said: give their digest.", field);
        }
    }

    [GeneratedRegex(@"^[A-Za-z]+([.:][A-Za-z]+)*\z")]
    private static partial Regex Term();

    [GeneratedRegex(@"^[0-9a-f]{64}\z")]
    private static partial Regex Sha256();
}

/// <summary>What is audited.</summary>
public static class AuditKinds
{
    public const string ApprovalDecision = "approval.decision";
    public const string ApprovalExpired = "approval.expired";
    public const string LinkRevoked = "link.revoked";

    /// <summary>The subject is the person.</summary>
    public const string LinksOfPersonRevoked = "link.revokedOfPerson";

    /// <summary>The subject is the key's id. It stands in the chain of the hosts.</summary>
    public const string LinkKeyRevoked = "link.keyRevoked";
}

/// <summary>What came of it.</summary>
public static class AuditResults
{
    public const string Accepted = "accepted";

    /// <summary>It was so already.</summary>
    public const string Same = "same";

    /// <param name="reason">A term, as forbidden or wrongCode.</param>
    public static string Refused(string reason) => $"refused:{reason}";
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class AuditJson : JsonSerializerContext;

namespace Holdfast.Agents.Identity;

/// <summary>Who makes a request: a person or a service.</summary>
/// <param name="Id">Unique in its tenant.</param>
/// <param name="Tenant">Whose data it may see; another tenant's things do not exist for it.</param>
/// <param name="Roles">From <see cref="Identity.Roles"/>.</param>
public sealed record Principal(string Id, string Tenant, IReadOnlyList<string> Roles)
{
    public bool Has(string role) => Roles.Contains(role, StringComparer.Ordinal);

    /// <summary>Whether one of <c>role:NAME</c> or <c>user:ID</c> means this principal.</summary>
    public bool IsAnyOf(IReadOnlyList<string> approvers) => approvers.Any(approver =>
        approver.StartsWith("role:", StringComparison.Ordinal) ? Has(approver["role:".Length..]) : approver == $"user:{Id}");
}

public static class Roles
{
    public const string Submit = "submit";
    public const string Approve = "approve";
    public const string Read = "read";
    public const string Admin = "admin";

    /// <summary>May name another person as the one who asks.</summary>
    public const string Delegate = "delegate";

    public static readonly IReadOnlyList<string> All = [Submit, Approve, Read, Admin, Delegate];
}

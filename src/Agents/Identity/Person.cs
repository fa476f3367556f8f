using System.Text.Json.Serialization;

namespace Holdfast.Agents.Identity;

/// <summary>Somebody who may be asked. What they may ask of the API is said by their principal's roles; whom a rule means, by these.</summary>
/// <param name="Id">The principal's id in its tenant.</param>
/// <param name="Name">As others read it.</param>
public sealed record Person(string Tenant, string Id, string Name)
{
    /// <summary>An address that nobody else reads; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Email { get; init; }

    /// <summary>The name by which Teams knows them (user principal name); null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Teams { get; init; }

    /// <summary>What <c>role:NAME</c> means.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>What <c>group:NAME</c> means.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>By its IANA name, as Europe/Berlin.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>How numbers, money and dates are written for them (BCP 47), as de-DE.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Whether one of <c>role:NAME</c>, <c>group:NAME</c> and <c>user:ID</c> means this person.</summary>
    public bool IsAnyOf(IReadOnlyList<string> selectors) => selectors.Any(selector => selector.Split(':', 2) is [var kind, var name] && kind switch
    {
        "role" => Roles.Contains(name, StringComparer.Ordinal),
        "group" => Groups.Contains(name, StringComparer.Ordinal),
        "user" => Is(name),
        _ => false,
    });

    /// <summary>An id as it is kept: one of a directory (a GUID) in small letters, any other as it is written.</summary>
    public static string IdOf(string written) => Guid.TryParseExact(written, "D", out var id) ? id.ToString("D") : written;

    /// <summary>However it is written: an id of a directory in capitals is the same person.</summary>
    public bool Is(string id) => Id.Equals(id, StringComparison.OrdinalIgnoreCase);
}

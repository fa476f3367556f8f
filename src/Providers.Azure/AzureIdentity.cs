using Azure.Core;
using Azure.Identity;

namespace Holdfast.Providers.Azure;

/// <summary>The identity that Azure gives a program: no secret is stored anywhere.</summary>
public static class AzureIdentity
{
    /// <summary>
    /// A managed identity and nothing else: what DefaultAzureCredential would find besides differs from machine to machine, and on a developer's
    /// is the developer. It asks for nothing until a token is needed.
    /// </summary>
    /// <param name="clientId">Of a user-assigned identity; null for the one that the system assigned.</param>
    public static TokenCredential Managed(string? clientId) => new ManagedIdentityCredential(
        string.IsNullOrEmpty(clientId) ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(clientId));
}

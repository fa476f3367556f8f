using System.Collections.Concurrent;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Http;

/// <summary>The ways to tell who makes a request, for <see cref="ApiOptions.Identify"/>. Each counts what its callers ask for.</summary>
public static class Identification
{
    private const string Scheme = "Bearer ";
    private const string InvalidToken = "Bearer error=\"invalid_token\"";

    /// <summary>By an API key in <c>Authorization: Bearer hf_…</c>, and nowhere else.</summary>
    /// <param name="store">Asked for only while the host is ready.</param>
    /// <param name="time">The clock of the limits and of what is remembered of a key.</param>
    public static Func<HttpContext, ValueTask<Principal?>> Keys(Func<AgentStore> store, RateLimits limits, TimeProvider time, ILoggerFactory loggers)
    {
        var ring = new KeyRing(store, time, loggers.CreateLogger("Holdfast.Keys"));
        var metering = new Metering(limits, time, static http => http.Connection.RemoteIpAddress);
        var asked = new ConcurrentDictionary<string, Lazy<Task<Principal>>>(StringComparer.Ordinal);
        return async http =>
        {
            var key = Read(http, metering);
            var principal = ring.Recall(key) ?? await ShareAsync(http, key);
            return http.IsLetIn() ? principal : metering.Count(principal);
        };

        // A client with many connections comes by all of them at once: one question to the store answers it, and is one guess if it is one.
        async Task<Principal> ShareAsync(HttpContext http, KeyProof key)
        {
            var one = KeyValuePair.Create($"{metering.Address(http)} {http.IsLetIn()} {key.Hash}", new Lazy<Task<Principal>>(() => LookUpAsync(http, key)));
            one = KeyValuePair.Create(one.Key, asked.GetOrAdd(one.Key, one.Value));
            try
            {
                return await one.Value.Value;
            }
            finally
            {
                asked.TryRemove(one);
            }
        }

        // A key that was good when it was last seen is not held up by what others at its address do; any other waits its turn before the store is asked.
        async Task<Principal> LookUpAsync(HttpContext http, KeyProof key)
        {
            var suspicion = http.IsLetIn() || ring.HasKnown(key) ? null : metering.Suspect(http);
            var isGuess = false;
            try
            {
                var (principal, refusal) = await ring.LookUpAsync(key);
                isGuess = principal is null;
                return principal ?? throw Admission.Unauthorized(refusal!, InvalidToken);
            }
            finally
            {
                if (suspicion is not null && !isGuess)
                {
                    metering.Forgive(suspicion); // also where the store did not answer
                }
            }
        }
    }

    /// <summary>By what the platform in front of the host has found out: a host that uses this calls <see cref="PlatformIdentity.Check"/> first.</summary>
    /// <param name="time">The clock of the limits.</param>
    public static Func<HttpContext, ValueTask<Principal?>> Platform(RateLimits limits, TimeProvider time)
    {
        var metering = new Metering(limits, time, static _ => null); // the platform has turned away who it does not know
        return http =>
        {
            if (PlatformIdentity.IsExcluded(http.Request.Path))
            {
                return new((Principal?)null);
            }

            var (principal, refusal) = PlatformPrincipal.Read(http.Request.Headers[PlatformPrincipal.Header]);
            return new(http.IsLetIn() ? principal : metering.Count(principal ?? throw Admission.Unauthorized(refusal!)));
        };
    }

    /// <summary>Whether a request brings a key, in its header or as a browser's session: whoever brings one is that key's principal.</summary>
    public static bool BringsKey(HttpContext http) => http.Request.Headers.Authorization.Count > 0 || http.Items.ContainsKey(typeof(KeyProof));

    /// <summary>Has the request taken as if it had sent this key.</summary>
    internal static void Bring(HttpContext http, KeyProof key) => http.Items[typeof(KeyProof)] = key;

    /// <exception cref="ProblemException">No key, or something else.</exception>
    private static KeyProof Read(HttpContext http, Metering metering)
    {
        if (http.Items.TryGetValue(typeof(KeyProof), out var brought))
        {
            return (KeyProof)brought!;
        }

        const string Remedy = "Send Authorization: Bearer hf_…, with a key from whoever runs this host.";
        var sent = http.Request.Headers.Authorization;
        if (sent is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && ApiKeyText.Read(header[Scheme.Length..].Trim()) is { } key)
        {
            return key;
        }

        metering.Suspect(http);
        throw sent.Count == 0 ? Admission.Unauthorized($"It is not known who asks: no key was sent. {Remedy}")
            : Admission.Unauthorized(sent is [{ } other] && other.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                ? "What was sent is not written as a key is: it has another form, or its checksum does not fit. Look for a slip, or a part that is missing."
                : $"Authorization was sent more than once, or is not of the kind Bearer. {Remedy}", InvalidToken);
    }
}

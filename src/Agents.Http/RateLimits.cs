using System.Net;
using System.Net.Sockets;
using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>How much a caller may ask for of one process; each counts for itself. Health and the description of the API are not counted.</summary>
public sealed record RateLimits
{
    /// <summary>Requests a second that a principal may make for as long as it likes; default 50.</summary>
    public double PerSecond { get; init; } = 50;

    /// <summary>Requests that a principal may make at once; default 200. They come back at <see cref="PerSecond"/>.</summary>
    public int Burst { get; init; } = 200;

    /// <summary>Requests a second of one address that may fail to say who asks; default 1.</summary>
    public double FailuresPerSecond { get; init; } = 1;

    /// <summary>How many of those at once; default 20.</summary>
    public int FailureBurst { get; init; } = 20;
}

/// <summary>Counts what callers ask for, and refuses what is too much.</summary>
/// <param name="addressOf">Where a request comes from.</param>
internal sealed class Metering(RateLimits limits, TimeProvider time, Func<HttpContext, IPAddress?> addressOf)
{
    private readonly RateLimit requests = new(limits.PerSecond, limits.Burst, time);
    private readonly RateLimit failures = new(limits.FailuresPerSecond, limits.FailureBurst, time);

    /// <exception cref="ProblemException">The principal asks for too much.</exception>
    public Principal Count(Principal principal)
    {
        if (requests.Take($"{principal.Tenant}\n{principal.Id}") is { } wait)
        {
            throw TooMany(wait, FormattableString.Invariant(
                $"{principal.Id} may make {limits.PerSecond:0.##} requests a second, and {limits.Burst} at once. Nothing was done; send it again later, and fewer at a time."));
        }

        return principal;
    }

    /// <summary>Counts a failure before it is one, so that no number of them at once gets by.</summary>
    /// <returns>What <see cref="Forgive"/> takes it back by.</returns>
    /// <exception cref="ProblemException">Too many requests of this address have failed to say who asks.</exception>
    public string Suspect(HttpContext http)
    {
        if (failures.Take(Address(http), out var counted) is { } wait)
        {
            throw TooMany(wait, "Too many requests from this address did not say who asks, or said it wrongly. Wait, and send a good key.");
        }

        return counted;
    }

    public void Forgive(string counted) => failures.Return(counted);

    /// <summary>Where a request comes from: whoever has one address of IPv6 has the 2^64 beside it.</summary>
    public string Address(HttpContext http)
    {
        if (addressOf(http) is not { } address)
        {
            return "";
        }

        return address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    private static ProblemException TooMany(TimeSpan wait, string detail) =>
        new(Problem.Of(StatusCodes.Status429TooManyRequests, detail) with { RetryAfter = (int)Math.Ceiling(wait.TotalSeconds) });
}

/// <summary>So many at once for each caller, and so many a second after that (the leaky bucket as GCRA has it: one time for each caller).</summary>
/// <remarks>Who has been quiet long enough is forgotten, which changes nothing for them; beyond <see cref="Most"/> callers at once newcomers share one share.</remarks>
internal sealed class RateLimit(double perSecond, int burst, TimeProvider time)
{
    /// <summary>How many callers are told apart.</summary>
    public const int Most = 100_000;

    private const string Others = "\n";

    private readonly Lock gate = new();
    private readonly Dictionary<string, TimeSpan> full = new(StringComparer.Ordinal); // when the caller has its whole burst again
    private readonly TimeSpan each = TimeSpan.FromSeconds(1 / perSecond);
    private readonly long started = time.GetTimestamp();
    private int forgetAt = 1024;
    private TimeSpan forgetNext;

    public int Callers
    {
        get
        {
            lock (gate)
            {
                return full.Count;
            }
        }
    }

    /// <inheritdoc cref="Take(string, out string)"/>
    public TimeSpan? Take(string caller) => Take(caller, out _);

    /// <param name="counted">Whose share it is taken from, for <see cref="Return"/>: the caller's, or that of all who are not told apart.</param>
    /// <returns>How long to wait for one; null when it was taken.</returns>
    public TimeSpan? Take(string caller, out string counted)
    {
        lock (gate)
        {
            var now = time.GetElapsedTime(started);
            caller = counted = Known(caller, now);
            var next = (full.TryGetValue(caller, out var at) && at > now ? at : now) + each;
            var wait = next - now - (each * burst);
            if (wait > TimeSpan.Zero)
            {
                return wait;
            }

            full[caller] = next;
            return null;
        }
    }

    /// <summary>Gives one back that was taken.</summary>
    public void Return(string counted)
    {
        lock (gate)
        {
            if (full.TryGetValue(counted, out var at))
            {
                full[counted] = at - each;
            }
        }
    }

    private string Known(string caller, TimeSpan now)
    {
        if (full.Count >= forgetAt && now >= forgetNext && !full.ContainsKey(caller))
        {
            foreach (var (quiet, _) in full.Where(one => one.Value <= now).ToList())
            {
                full.Remove(quiet);
            }

            forgetAt = Math.Min(Most, Math.Max(1024, full.Count * 2));
            forgetNext = now + TimeSpan.FromSeconds(1); // it looks at all of them
        }

        return full.Count < Most || full.ContainsKey(caller) ? caller : Others;
    }
}

using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>How the HTTP API answers.</summary>
public sealed record ApiOptions
{
    public const long DefaultBodyLimit = 1024 * 1024;

    /// <summary>Who makes a request; null when it cannot be told, which is answered with 401. <see cref="Identification"/> has the ways.</summary>
    public required Func<HttpContext, ValueTask<Principal?>> Identify { get; init; }

    /// <summary>The largest body that is read, in bytes; default 1 MiB.</summary>
    public long BodyLimit { get; init; } = DefaultBodyLimit;

    /// <summary>How many streams of events and waits for a run's end one principal may have open at once; default 100.</summary>
    public int MostOpen { get; init; } = 100;

    /// <summary>
    /// How long a stream of events stays open; who reads on comes again, and says again who it is. Without bound unless set: it ends with its run.
    /// </summary>
    public TimeSpan LongestStream { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>The clock of what is remembered, and of <see cref="LongestStream"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Why the host cannot serve now, for /health/ready; null when it can.</summary>
    public Func<string?> NotReady { get; init; } = static () => null;

    /// <summary>Whether people sign in by an API key on a page of ours; otherwise the platform in front of the host has signed them in.</summary>
    public bool SignsInByKey { get; init; } = true;

    /// <summary>How a message looks as a mail, for the page that shows it where it is made; null for no such page.</summary>
    public Func<Message, (string Subject, string Text, string Html)>? MailOf { get; init; }

    /// <summary>Ends waits and streams, so that a stop is not held up by them.</summary>
    public CancellationToken Stopping { get; init; }
}

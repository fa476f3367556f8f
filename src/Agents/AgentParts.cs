using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Engines;
using Holdfast.Agents.Links;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Models;
using Holdfast.Agents.Runs;
using Holdfast.Agents.Storage;
using Holdfast.Agents.Tools;
using Microsoft.Extensions.Logging;

namespace Holdfast.Agents;

/// <summary>What the steps of a run share.</summary>
internal sealed record AgentParts(AgentStore Store, AgentCatalog Agents, EngineHold Engine, AgentOptions Options, ILogger Logger)
{
    public ModelCatalog Models => Agents.Models;

    public Toolbox Tools => Agents.Tools;

    public RulesInForce Rules { get; } = new();

    public Conversations Conversations { get; } = new();

    public UnderWay UnderWay { get; } = new();

    public TimeProvider Time => Options.Time;
}

/// <summary>How agents run.</summary>
public sealed record AgentOptions
{
    /// <summary>The clock of the store, of leases and of retries.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How often a failed model call is made again by itself before the run pauses; default 6.</summary>
    public int ModelRetries { get; init; } = 6;

    /// <summary>The wait after a first failure; each later one is twice as long, up to <see cref="LongestRetryWait"/>; default 1 s.</summary>
    public TimeSpan FirstRetryWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Default 1 minute. A service that asks for a longer wait gets it.</summary>
    public TimeSpan LongestRetryWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How often the engine's failures and the outbox are looked through; default 10 s. Null where nothing runs between requests: there
    /// a timer has to call <see cref="AgentSystem.SweepNowAsync"/>. More than five minutes apart, the clocks of runs at work stand still between two.
    /// </summary>
    public TimeSpan? SweepEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a word to the engine may go unheard before it is sent again; default 1 minute.</summary>
    public TimeSpan WakeAgainAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Takes secrets out of what a failure says, before it is logged, stored and shown.</summary>
    public Func<string, string> Redact { get; init; } = static text => text;

    /// <summary>By which people can be told that they are asked, in the order in which they are tried; none by default.</summary>
    public IReadOnlyList<IChannel> Channels { get; init; } = [];

    /// <summary>Signs links; null where there are no channels.</summary>
    public LinkKeys? LinkKeys { get; init; }

    /// <summary>Where this host's pages are, as who gets a message reaches them.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:7071/");

    /// <summary>Called with a name from <see cref="AgentCrashPoints"/> as each is passed. For tests, which kill the process there.</summary>
    public Action<string> CrashPoint { get; init; } = static _ => { };

    /// <summary>By which people are told about an approval, in the order in which they are tried.</summary>
    internal IReadOnlyList<IChannel> ChannelsOf(ApprovalTerms terms) => terms.Channels.Count == 0 ? Channels : [.. terms.Channels.Select(Channel).OfType<IChannel>()];

    internal IChannel? Channel(string name) => Channels.FirstOrDefault(channel => channel.Name == name);

    internal TimeSpan RetryWait(int failures) => TimeSpan.FromTicks((long)Math.Min(
        LongestRetryWait.Ticks, FirstRetryWait.Ticks * Math.Pow(2, Math.Min(failures - 1, 30))));
}

/// <summary>The places between two durable steps of a run, where a kill must lose nothing and double nothing.</summary>
public static class AgentCrashPoints
{
    /// <summary>The run is in the store; the engine has not heard of it.</summary>
    public const string RunAccepted = "agents.run-accepted";

    /// <summary>A model call is reserved, not made.</summary>
    public const string ModelReserved = "agents.model-reserved";

    /// <summary>The provider has answered; nothing says so in the store.</summary>
    public const string ModelReplied = "agents.model-replied";

    /// <summary>The reply is in the store; the engine has not heard of it.</summary>
    public const string ModelRecorded = "agents.model-recorded";

    /// <summary>A call has passed its gate; it has not acted.</summary>
    public const string ToolStarted = "agents.tool-started";

    /// <summary>A call has acted; nothing says so in the store.</summary>
    public const string ToolActed = "agents.tool-acted";

    /// <summary>The result is in the store; the engine has not heard of it.</summary>
    public const string ToolRecorded = "agents.tool-recorded";

    /// <summary>A decision, cancel, resume or retry is in the store; the engine has not heard of it.</summary>
    public const string WordStored = "agents.word-stored";

    /// <summary>An asking is settled in the store; the engine has not heard of it.</summary>
    public const string AskingSettled = "agents.asking-settled";

    /// <summary>A message is taken by its channel; nothing says so in the store.</summary>
    public const string MessageSent = "agents.message-sent";

    /// <summary>The run has ended in the store; its instance has not.</summary>
    public const string RunClosed = "agents.run-closed";

    /// <summary>At a start: the store has noted the next count of starts; the engine has not taken it.</summary>
    public const string EpochNoted = "agents.epoch-noted";

    /// <summary>At a start: the engine has taken the count; the store has not.</summary>
    public const string EpochMarked = "agents.epoch-marked";

    /// <summary>An engine is barred; none of its runs has ended for it.</summary>
    public const string EngineBarred = "agents.engine-barred";

    /// <summary>A run of a retired engine has ended; others have not.</summary>
    public const string LostRunEnded = "agents.lost-run-ended";

    /// <summary>Those that a run passes which asks people, and has a channel to tell them by.</summary>
    public static readonly IReadOnlyList<string> All =
        [RunAccepted, ModelReserved, ModelReplied, ModelRecorded, ToolStarted, ToolActed, ToolRecorded, WordStored, AskingSettled, MessageSent, RunClosed];
}

using System.ComponentModel;

using System.Text.Json.Serialization;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Tools;

/// <summary>
/// Offers a public method to agents as a tool. What it is for is said by <see cref="DescriptionAttribute"/> on the method and on every
/// parameter, because the model chooses by it. The class is checked when <see cref="Toolbox.From"/> takes it.
/// </summary>
/// <param name="name">What the model and agent.yaml call it: 1 to 64 of a-z, A-Z, 0-9, _ and -.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>What it changes. Default: nothing. A tool that changes something must be named under an agent's approvals.</summary>
    public Effect Does { get; init; }

    /// <summary>What its results bring into the run. Default: nothing that needs care.</summary>
    public Reads Reads { get; init; }

    /// <summary>
    /// Whether a second call under the same <see cref="ToolContext.IdempotencyKey"/> changes nothing more. Default: false, and then a call
    /// whose ending is not known waits for a person instead of being tried again.
    /// </summary>
    public bool Idempotent { get; init; }

    /// <summary>How long one call may take, as in 30s: 1s to 1h, default 30s.</summary>
    public string Timeout { get; init; } = "30s";

    /// <summary>How many times a failed call that is idempotent or without effect is tried again: 0 to 10, default 3.</summary>
    public int Retries { get; init; } = Tool.DefaultRetries;

    /// <summary>The largest result, in bytes of its JSON: 1 to 1048576, default 65536.</summary>
    public int ResultLimit { get; init; } = Tool.DefaultResultLimit;
}

/// <summary>What a tool changes.</summary>
[JsonConverter(typeof(CamelCaseEnum<Effect>))]
public enum Effect
{
    /// <summary>Nothing; calls run at once, in parallel, and are tried again freely.</summary>
    None,

    /// <summary>Something of ours.</summary>
    Write,

    /// <summary>Something outside, that others see: a payment, a message.</summary>
    External,
}

/// <summary>What a tool's results bring into the run.</summary>
[Flags]
public enum Reads
{
    Nothing = 0,

    /// <summary>Data that must not leave: customers, contracts, secrets of the house.</summary>
    Private = 1,

    /// <summary>Text that strangers wrote and that may carry instructions: mail, web pages, tickets.</summary>
    Untrusted = 2,
}

using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Agents.Secrets;

/// <summary>A value that must not be seen. It prints as its name, no serializer writes it, and only <see cref="Reveal"/> gives it.</summary>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(Unwritable))]
public sealed class Secret
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string value;

    internal Secret(string? name, string value) => (Name, this.value) = (name, value);

    /// <summary>What settings call it; null for one that was given as it is.</summary>
    public string? Name { get; }

    /// <summary>The value, for the one place that sends it to where it belongs.</summary>
    public string Reveal() => value;

    public override string ToString() => Name is null ? "secret" : $"{SecretSource.Mark}{Name}";

    private sealed class Unwritable : JsonConverter<Secret>
    {
        public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("A secret is not read from JSON. Name it: secret:NAME.");

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) => throw new NotSupportedException($"{value} is not written as JSON. Take it out of what is stored or sent.");
    }
}

/// <summary>A secret that is named and cannot be had: the message names it, the fact and the remedy, never its value.</summary>
public sealed class SecretException(string message, Exception? inner = null) : Exception(message, inner);

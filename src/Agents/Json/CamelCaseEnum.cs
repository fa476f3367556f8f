using System.Text.Json;
using System.Text.Json.Serialization;

namespace Holdfast.Agents.Json;

/// <summary>An enum as its camelCase name; its numbers are not taken.</summary>
public sealed class CamelCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

using System.Text;
using System.Text.Json;

namespace Holdfast.Durable;

/// <summary>Turns inputs, results and events into JSON and back, within a size that every engine carries.</summary>
/// <param name="options">Must know every type that passes; give it source-generated contexts.</param>
/// <param name="limit">The largest payload, in bytes of UTF-8; default 1 MiB.</param>
public sealed class Payloads(JsonSerializerOptions options, int limit = Payloads.DefaultLimit)
{
    public const int DefaultLimit = 1024 * 1024;

    /// <summary>The largest custom status, in bytes of UTF-8.</summary>
    public const int CustomStatusLimit = 16 * 1024;

    /// <summary>JSON of a value; null for null.</summary>
    /// <exception cref="PayloadTooLargeException">Larger than the limit.</exception>
    public string? Write(object? value, string what) => Write(value, what, limit);

    internal string? Write(object? value, string what, int limit)
    {
        if (value is null)
        {
            return null;
        }

        var json = JsonSerializer.Serialize(value, options.GetTypeInfo(value.GetType()));
        var size = json.Length > limit / 3 ? Encoding.UTF8.GetByteCount(json) : json.Length;
        return size <= limit ? json : throw new PayloadTooLargeException(what, size, limit);
    }

    /// <summary>The value of JSON that <see cref="Write"/> made; the type's default for null.</summary>
    /// <exception cref="PayloadMismatchException">It is not of that type.</exception>
    public T Read<T>(string? json)
    {
        try
        {
            return json is null ? default! : (T)JsonSerializer.Deserialize(json, options.GetTypeInfo(typeof(T)))!;
        }
        catch (JsonException e)
        {
            throw new PayloadMismatchException(typeof(T), e);
        }
    }
}

/// <summary>What a step without a result returns.</summary>
public sealed record Nothing
{
    public static readonly Nothing Value = new();
}

/// <summary>Recorded JSON does not fit the type that the code now asks for.</summary>
public sealed class PayloadMismatchException(Type asked, Exception inner)
    : Exception($"What was recorded cannot be read as {asked.Name}: {inner.Message} Bring the type back, or give the changed step another name.", inner);

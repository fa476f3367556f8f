namespace Holdfast.Durable.Embedded;

internal static class Registered
{
    /// <summary>For whoever asks for a name that is not there.</summary>
    public static string Listed<T>(this IReadOnlyDictionary<string, T> registered) =>
        $"Registered: {string.Join(", ", registered.Keys.Order(StringComparer.Ordinal))}.";
}

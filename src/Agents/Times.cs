using System.Globalization;

namespace Holdfast.Agents;

/// <summary>Ticks of the store as people and programs read them: RFC 3339, UTC, whole seconds or better.</summary>
internal static class Times
{
    public static DateTimeOffset Of(long ticks) => new(ticks, TimeSpan.Zero);

    public static DateTimeOffset? Of(long? ticks) => ticks is { } known ? Of(known) : null;

    /// <summary>As the engine's timers take it.</summary>
    public static DateTime? Utc(long? ticks) => ticks is { } known ? new DateTime(known, DateTimeKind.Utc) : null;

    public static string Show(long ticks) => Of(ticks).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

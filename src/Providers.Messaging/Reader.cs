using System.Globalization;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;

namespace Holdfast.Providers.Messaging;

/// <summary>
/// How numbers, money and times are written for those who read a message: as in their language and zone; where they do not share one, or this machine
/// does not know it, in a form that everybody reads in one way.
/// </summary>
internal sealed class Reader
{
    private readonly CultureInfo? culture;
    private readonly TimeZoneInfo zone;

    private Reader(CultureInfo? culture, TimeZoneInfo zone) => (this.culture, this.zone) = (culture, zone);

    public static Reader Of(IReadOnlyList<Person> people) => new(
        Shared(people, person => person.Language) is { Length: > 0 } language ? Culture(language) : null,
        Shared(people, person => person.TimeZone) is { } name && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : TimeZoneInfo.Utc);

    public string Moment(DateTimeOffset at)
    {
        var there = TimeZoneInfo.ConvertTime(at, zone);
        var text = culture is null ? there.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : there.ToString("f", culture);
        return there.Offset == TimeSpan.Zero && zone.Id == TimeZoneInfo.Utc.Id ? $"{text} UTC"
            : string.Create(CultureInfo.InvariantCulture, $"{text} ({zone.Id}, UTC{(there.Offset < TimeSpan.Zero ? '-' : '+')}{there.Offset:hh\\:mm})");
    }

    public string Day(DateOnly day) => culture is null ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : day.ToString("D", culture);

    /// <param name="literal">A number of JSON. It is never rounded: what cannot be written exactly stays as it is.</param>
    public string Number(string literal) => Exact(literal) is { } value ? Written(value, Scale(value)) : literal;

    /// <param name="currency">Its ISO 4217 code.</param>
    /// <inheritdoc cref="Number"/>
    public string Money(string literal, string currency) =>
        $"{(Exact(literal) is { } value ? Written(value, Math.Max(Scale(value), Decimals(currency))) : literal)} {currency}";

    private string Written(decimal value, int decimals) => culture is null
        ? value.ToString($"F{decimals}", CultureInfo.InvariantCulture)
        : value.ToString($"N{decimals}", culture);

    private static decimal? Exact(string literal) =>
        decimal.TryParse(literal, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && ExactDecimal.Parse(value.ToString(CultureInfo.InvariantCulture)).CompareTo(ExactDecimal.Parse(literal)) == 0 ? value : null;

    // Without the zeros that were only written: 1.50 has one.
    private static int Scale(decimal value) => (value / 1.000000000000000000000000000000000m).Scale;

    // ISO 4217, those that are not two.
    private static int Decimals(string currency) => currency switch
    {
        "BIF" or "CLP" or "DJF" or "GNF" or "ISK" or "JPY" or "KMF" or "KRW" or "PYG" or "RWF" or "UGX" or "UYI" or "VND" or "VUV" or "XAF" or "XOF" or "XPF" => 0,
        "BHD" or "IQD" or "JOD" or "KWD" or "LYD" or "OMR" or "TND" => 3,
        _ => 2,
    };

    private static string? Shared(IReadOnlyList<Person> people, Func<Person, string> of) =>
        people.Select(of).Distinct(StringComparer.OrdinalIgnoreCase).Take(2).ToList() is [var only] ? only : null;

    private static CultureInfo? Culture(string language)
    {
        try
        {
            return CultureInfo.GetCultureInfo(language, predefinedOnly: true);
        }
        catch (CultureNotFoundException)
        {
            return null; // also every one where the host runs without ICU
        }
    }
}

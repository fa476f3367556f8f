using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Json;

namespace Holdfast.Agents.Wording;

/// <summary>
/// How numbers, money and moments are written for one person: in their language and time zone, exactly, never rounded. Where the process has no
/// cultures (globalization-invariant mode) or does not know the language, in one neutral form: 1,200.00 EUR and 2026-11-24 14:05.
/// </summary>
public sealed class Reader
{
    private const char NoBreak = '\u00A0';

    private readonly CultureInfo? culture;
    private readonly TimeZoneInfo zone;
    private readonly string own;

    /// <param name="language">BCP 47, as de-DE.</param>
    /// <param name="timeZone">By its IANA name; one that this machine does not know is read as UTC, and says so beside each time.</param>
    public Reader(string language, string timeZone)
    {
        (culture, own) = Find(language);
        zone = TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var found) ? found : TimeZoneInfo.Utc;
    }

    /// <summary>Who reads in nobody's language.</summary>
    public static Reader Neutral { get; } = new("", "UTC");

    /// <summary>BCP 47 of what <see cref="Day"/> and <see cref="Moment"/> write; null where that is no language.</summary>
    public string? Language => culture?.Name;

    public static Reader Of(Person person) => new(person.Language, person.TimeZone);

    /// <summary>Who reads a place together: in the language and the zone that all of them share, each neutral where they share none.</summary>
    public static Reader Of(IReadOnlyList<Person> people) => new(Shared(people, person => person.Language) ?? "", Shared(people, person => person.TimeZone) ?? "UTC");

    /// <summary>A number as it was written, with the reader's signs: 1.200,5 for 1200.5.</summary>
    /// <param name="literal">A number in JSON's grammar.</param>
    public string Number(string literal) => Digits(literal, 0, grouped: true);

    /// <summary>A number as the reader types it: no signs between thousands.</summary>
    /// <inheritdoc cref="Number"/>
    public string Typed(string literal) => Digits(literal, 0, grouped: false);

    /// <summary>Reads what <see cref="Typed"/> writes. A sign between thousands is refused: 1.200 is one number here and another there.</summary>
    /// <param name="literal">In JSON's grammar.</param>
    public bool TryRead(string typed, [NotNullWhen(true)] out string? literal)
    {
        literal = null;
        var text = typed.Trim().Replace('\u2212', '-');
        var sign = text.StartsWith('-') ? "-" : "";
        var parts = text[sign.Length..].Split(Signs.NumberDecimalSeparator);
        if (text.Length > 100 || parts.Length > 2 || parts.Any(part => part.Length == 0 || !part.All(char.IsAsciiDigit)))
        {
            return false;
        }

        var whole = parts[0].TrimStart('0');
        literal = sign + (whole.Length == 0 ? "0" : whole) + (parts.Length == 2 ? "." + parts[1] : "");
        return true;
    }

    /// <summary>An amount with all the decimals of its currency, and more where it has more: 1.200,00 €.</summary>
    /// <param name="literal">A number in JSON's grammar.</param>
    /// <param name="currency">ISO 4217.</param>
    public string Money(string literal, string currency)
    {
        var digits = Digits(literal, Currency.Decimals(currency), grouped: true);
        var minus = digits.StartsWith('-') ? "-" : "";
        digits = digits[minus.Length..];
        var sign = currency == own ? Signs.CurrencySymbol : Currency.Sign(currency);
        return culture is null ? $"{minus}{digits}{NoBreak}{currency}" : Signs.CurrencyPositivePattern switch
        {
            0 => $"{minus}{sign ?? currency + NoBreak}{digits}",
            2 => $"{minus}{sign ?? currency}{NoBreak}{digits}",
            1 when sign is not null => $"{minus}{digits}{sign}",
            _ => $"{minus}{digits}{NoBreak}{sign ?? currency}",
        };
    }

    public string Day(DateOnly day) => culture is null ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : day.ToString(DayPattern, culture);

    /// <summary>To the minute, with the zone: Tue, 24 Nov 2026, 14:05 (Berlin, UTC+1).</summary>
    public string Moment(DateTimeOffset at)
    {
        var local = TimeZoneInfo.ConvertTime(at, zone);
        return $"{Day(DateOnly.FromDateTime(local.DateTime))}{(culture is null ? "" : ",")} {Clock(local)}{NoBreak}({Place(local.Offset)})";
    }

    /// <summary>How far it is from now, in the largest unit that says enough: in 2 days, 3 hours ago, now.</summary>
    public static string Distance(DateTimeOffset now, DateTimeOffset at)
    {
        var far = (at - now).Duration();
        var (count, unit) = far switch
        {
            { TotalMinutes: < 1 } => (0, ""),
            { TotalHours: < 1 } => ((int)far.TotalMinutes, "minute"),
            { TotalDays: < 2 } when far.TotalHours < 36 => ((int)far.TotalHours, "hour"),
            { TotalDays: < 60 } => ((int)Math.Round(far.TotalDays, MidpointRounding.ToZero), "day"),
            { TotalDays: < 730 } => ((int)(far.TotalDays / 30.4375), "month"),
            _ => ((int)(far.TotalDays / 365.25), "year"),
        };
        var words = string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")}");
        return count == 0 ? at > now ? "now" : "just now" : at > now ? $"in {words}" : $"{words} ago";
    }

    private NumberFormatInfo Signs => culture?.NumberFormat ?? NumberFormatInfo.InvariantInfo;

    // The long form with names cut short: order and words are the language's, and no month is a number.
    private string DayPattern => culture!.DateTimeFormat.LongDatePattern
        .Replace("dddd", "ddd", StringComparison.Ordinal).Replace("MMMM", "MMM", StringComparison.Ordinal);

    private string Clock(DateTimeOffset local) => culture is null ? local.ToString("HH:mm", CultureInfo.InvariantCulture) : local.ToString(culture.DateTimeFormat.ShortTimePattern, culture);

    private string Place(TimeSpan offset)
    {
        var hours = offset == TimeSpan.Zero ? "UTC" : string.Create(CultureInfo.InvariantCulture,
            $"UTC{(offset < TimeSpan.Zero ? "−" : "+")}{Math.Abs(offset.Hours)}{(offset.Minutes == 0 ? "" : $":{Math.Abs(offset.Minutes):00}")}");
        var city = zone.Id.Contains('/', StringComparison.Ordinal) ? zone.Id[(zone.Id.LastIndexOf('/') + 1)..].Replace('_', ' ') : null;
        return city is null || zone.Id.StartsWith("Etc/", StringComparison.Ordinal) ? hours : $"{city}, {hours}";
    }

    private string Digits(string literal, int leastDecimals, bool grouped)
    {
        // Beyond this no page would hold the zeros: it stays as it was written.
        const int mostZeros = 60;
        var value = ExactDecimal.Parse(literal);
        if (Math.Abs(value.Point) > mostZeros)
        {
            return literal;
        }

        var point = (int)value.Point;
        var whole = point <= 0 ? "0" : value.Digits.Length >= point ? value.Digits[..point] : value.Digits.PadRight(point, '0');
        var fraction = (point < 0 ? new string('0', -point) : "") + (value.Digits.Length > Math.Max(point, 0) ? value.Digits[Math.Max(point, 0)..] : "");
        fraction = fraction.PadRight(leastDecimals, '0');
        return (value.Negative ? "-" : "") + (grouped ? Grouped(whole) : whole) + (fraction.Length > 0 ? Signs.NumberDecimalSeparator + fraction : "");
    }

    private string Grouped(string whole)
    {
        var sizes = Signs.NumberGroupSizes;
        var (text, left, group) = (new StringBuilder(), whole.Length, 0);
        while (left > 0)
        {
            var size = sizes.Length == 0 ? 0 : sizes[Math.Min(group++, sizes.Length - 1)];
            var take = size == 0 ? left : Math.Min(size, left);
            text.Insert(0, whole[(left - take)..left]);
            left -= take;
            if (left > 0)
            {
                text.Insert(0, Signs.NumberGroupSeparator);
            }
        }

        return text.ToString();
    }

    private static string? Shared(IReadOnlyList<Person> people, Func<Person, string> of) =>
        people.Select(of).Distinct(StringComparer.OrdinalIgnoreCase).Take(2).ToList() is [var only] ? only : null;

    // Invariant mode knows no culture, however it was chosen.
    private static (CultureInfo? Culture, string Currency) Find(string language)
    {
        if (language.Length == 0 || (AppContext.TryGetSwitch("System.Globalization.Invariant", out var isInvariant) && isInvariant))
        {
            return (null, "");
        }

        try
        {
            var culture = (CultureInfo)CultureInfo.CreateSpecificCulture(CultureInfo.GetCultureInfo(language, predefinedOnly: true).Name).Clone();
            culture.DateTimeFormat.Calendar = culture.OptionalCalendars.OfType<GregorianCalendar>().FirstOrDefault() ?? culture.Calendar;
            return (culture, new RegionInfo(culture.Name).ISOCurrencySymbol);
        }
        catch (ArgumentException)
        {
            return (null, "");
        }
    }
}

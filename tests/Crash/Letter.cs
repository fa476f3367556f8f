using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Crash;

/// <summary>What a person was told, as it came: once for each time that it was sent.</summary>
/// <param name="Id">Its Message-ID; empty where a terminal has shown it.</param>
/// <param name="To">The name or the address of whom it is for.</param>
/// <param name="Link">The address in it.</param>
/// <param name="Code">The four digits in it.</param>
internal sealed partial record Letter(string Id, string To, string Link, string Code)
{
    /// <summary>What in the link makes its holder the person.</summary>
    public string Token => Link.Split("?t=")[1];

    /// <param name="person">An id, with which every name and address begins here.</param>
    public bool IsFor(string person) => To.StartsWith(person, StringComparison.OrdinalIgnoreCase);

    /// <summary>What a host has printed for whoever sits there.</summary>
    public static IReadOnlyList<Letter> OnTerminal(string output) =>
        [.. Printed().Matches(output).Select(found => new Letter("", found.Groups["to"].Value, found.Groups["link"].Value, found.Groups["code"].Value))];

    /// <param name="raw">Header and body, as a server got them.</param>
    public static Letter OfMail(string raw)
    {
        var text = Quoted().Replace(raw.Replace("=\r\n", "", StringComparison.Ordinal), hex => $"{(char)int.Parse(hex.ValueSpan[1..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)}");
        return new(Found(MessageId(), "id"), Found(Recipient(), "to"), Found(Address(), "link"), Found(Digits(), "code"));

        string Found(Regex what, string name) => what.Match(text) is { Success: true } found ? found.Groups[name].Value : throw new InvalidDataException($"There is no {name} in this mail:\n{raw}");
    }

    [GeneratedRegex(@"^Your approval is asked for · for (?<to>.+)\r?\n(  .*\n)+?  (?<link>http://127\.0\.0\.1:\d+/a\?t=[\w.-]+)\r?\n  Code: (?<code>\d{4})\r?$", RegexOptions.Multiline)]
    private static partial Regex Printed();

    [GeneratedRegex("=[0-9A-F]{2}")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^Message-ID: (?<id><[^>]+>)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex MessageId();

    [GeneratedRegex(@"^To: <?(?<to>[^>\r]+)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Recipient();

    [GeneratedRegex(@"(?<link>http://127\.0\.0\.1:\d+/a\?t=[\w.-]+)")]
    private static partial Regex Address();

    [GeneratedRegex(@"Your code: (?<code>\d{4})")]
    private static partial Regex Digits();
}

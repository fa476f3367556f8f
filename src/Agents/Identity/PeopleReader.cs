using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Definitions.Yaml;

namespace Holdfast.Agents.Identity;

/// <summary>people.yaml as people.</summary>
internal sealed partial class PeopleReader(string file)
{
    private const int MostPeople = 10_000;

    // Without a library of languages (InvariantGlobalization) the one without a name is all that there is to look up.
    private static readonly bool KnowsLanguages = CultureInfo.GetCultures(CultureTypes.NeutralCultures).Length > 1;

    private readonly Dictionary<string, Person> ids = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Person> addresses = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, bool> zones = new(StringComparer.Ordinal);

    public People Read(YamlNode root)
    {
        var keys = new YamlKeys(file, root, "", "tenant", "people");
        var tenant = Tenant(keys) ?? "local";
        var list = keys.Require("people");
        var nodes = keys.List("people").ToList();
        return nodes.Count <= MostPeople ? new([.. nodes.Select(person => Person(person.Node, person.Place, tenant))])
            : throw keys.Fault(list, $"people: {nodes.Count} are listed. Keep {MostPeople} at most: those who decide, not those who ask.");
    }

    private Person Person(YamlNode node, string place, string tenant)
    {
        var keys = new YamlKeys(file, node, place, "id", "name", "email", "teams", "roles", "groups", "timeZone", "language", "tenant");
        var person = new Person(Tenant(keys) ?? tenant, Identity.Person.IdOf(Matched(keys, "id", Id(), "1 to 256 characters without a space")!), Named(keys))
        {
            Email = Matched(keys, "email", Address(), "one address, such as anna@example.org"),
            Teams = Matched(keys, "teams", Address(), "one sign-in name, such as anna@example.org"),
            Roles = Names(keys, "roles"),
            Groups = Names(keys, "groups"),
            TimeZone = Zone(keys),
            Language = Language(keys),
        };
        if (!ids.TryAdd($"{person.Tenant}\n{person.Id}", person))
        {
            throw keys.Fault(keys.Require("id"), $"{keys.Place("id")}: '{person.Id}' is listed twice in tenant '{person.Tenant}'. Keep one.");
        }

        // The same person may be known to two tenants.
        if (person.Email is { } email && !addresses.TryAdd(email, person) && addresses[email] is var other && (other.Tenant == person.Tenant || !other.Is(person.Id)))
        {
            throw keys.Fault(keys.Require("email"), $"{keys.Place("email")}: {email} is the address of '{other.Id}' too. A personal link sent there could be read by two. Give each an address of their own, or leave one out.");
        }

        return person;
    }

    private static string? Tenant(YamlKeys keys) =>
        keys.Find("tenant") is null ? null : Identity.Person.IdOf(Matched(keys, "tenant", TenantName(), "1 to 100 letters, digits and . _ @ -")!);

    private static string Named(YamlKeys keys)
    {
        var name = keys.Text("name");
        return PersonName().IsMatch(name) ? name : throw keys.Wrong(keys.Require("name"), keys.Place("name"), "1 to 100 characters, none of them a control character or a space at an end");
    }

    // The id has to be there; all else may be left out.
    private static string? Matched(YamlKeys keys, string key, Regex form, string expected) => key != "id" && keys.Find(key) is null ? null
        : keys.Text(key) is var text && form.IsMatch(text) ? text : throw keys.Wrong(keys.Require(key), keys.Place(key), expected);

    private static string[] Names(YamlKeys keys, string key) => [.. keys.List(key).Select(one => keys.Text(one.Node, one.Place) is var name && Name().IsMatch(name) ? name
        : throw keys.Wrong(one.Node, one.Place, "1 to 64 letters, digits and . _ -, without role: or group:")).Distinct(StringComparer.Ordinal)];

    private string Zone(YamlKeys keys)
    {
        if (Matched(keys, "timeZone", ZoneName(), "a time zone by its IANA name, such as Europe/Berlin") is not { } zone)
        {
            return "UTC";
        }

        if (!zones.TryGetValue(zone, out var known))
        {
            zones[zone] = known = TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _);
        }

        return known ? zone : throw keys.Fault(keys.Require("timeZone"), $"{keys.Place("timeZone")}: this machine knows no time zone '{zone}'."
            + $"{NearestName.Hint(zone, TimeZoneInfo.GetSystemTimeZones().Select(one => one.Id))} Write its IANA name, such as Europe/Berlin.");
    }

    private string Language(YamlKeys keys)
    {
        if (Matched(keys, "language", LanguageTag(), "a language (BCP 47), such as de-DE") is not { } language)
        {
            return "en";
        }

        try
        {
            _ = KnowsLanguages ? CultureInfo.GetCultureInfo(language, predefinedOnly: true) : null;
            return language;
        }
        catch (CultureNotFoundException e)
        {
            throw new DefinitionException(file, keys.Require("language").Line, $"{keys.Place("language")}: '{language}' is no language that is known. Write one such as de-DE.", e);
        }
    }

    // What `user:` can name.
    [GeneratedRegex(@"^[^\s\p{C}]{1,256}\z")]
    private static partial Regex Id();

    [GeneratedRegex(@"^(?!\s)[^\p{C}]{1,100}(?<!\s)\z")]
    private static partial Regex PersonName();

    [GeneratedRegex(@"^[A-Za-z0-9._@-]{1,100}\z")]
    private static partial Regex TenantName();

    [GeneratedRegex(@"^[A-Za-z0-9_.-]{1,64}\z")]
    private static partial Regex Name();

    // What would be more than one address to a header, or to who reads it, is none.
    [GeneratedRegex(@"^[^\s\p{C}@<>,;:""\\()\[\]]{1,64}@[^\s\p{C}@<>,;:""\\()\[\].]{1,63}(\.[^\s\p{C}@<>,;:""\\()\[\].]{1,63}){0,8}\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();

    [GeneratedRegex(@"^[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}\z", RegexOptions.ExplicitCapture)]
    private static partial Regex ZoneName();

    [GeneratedRegex(@"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\z", RegexOptions.ExplicitCapture)]
    private static partial Regex LanguageTag();
}

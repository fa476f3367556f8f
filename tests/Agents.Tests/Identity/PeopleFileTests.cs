using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Xunit;

namespace Holdfast.Agents.Tests.Identity;

public sealed class PeopleFileTests
{
    [Fact]
    public void EveryKeyOfAPersonIsRead()
    {
        var people = Load("""
            tenant: acme
            people:
              - id: anna
                name: Anna Ärmel
                email: anna@example.org
                teams: anna@example.onmicrosoft.com
                roles: [manager, approve, manager]
                groups: [finance]
                timeZone: Europe/Berlin
                language: de-DE
              - {id: ben, name: Ben, tenant: other}
            """);
        var anna = people.Find("acme", "ANNA")!;
        Assert.Equal(("anna", "Anna Ärmel", "anna@example.org", "anna@example.onmicrosoft.com"), (anna.Id, anna.Name, anna.Email, anna.Teams));
        Assert.Equal(["manager", "approve", "finance"], [.. anna.Roles, .. anna.Groups]);
        Assert.Equal(("Europe/Berlin", "de-DE"), (anna.TimeZone, anna.Language));
        Assert.Equal(["ben"], people.Of("other").Select(person => person.Id));
    }

    [Fact]
    public void WhatIsLeftOutHasTheDocumentedDefault()
    {
        var anna = Load("people: [{id: anna, name: Anna}]").All.Single();
        Assert.Equal(("local", null, null, "UTC", "en"), (anna.Tenant, anna.Email, anna.Teams, anna.TimeZone, anna.Language));
        Assert.Equal((0, 0), (anna.Roles.Count, anna.Groups.Count));
    }

    [Fact]
    public void AnIdOfADirectoryIsKeptInSmallLetters()
    {
        var person = Load("tenant: 0F5E2B7C-9D11-4A3E-8C55-2B7C9D114A3E\npeople: [{id: 1F5E2B7C-9D11-4A3E-8C55-2B7C9D114A3E, name: A}, {id: Ben, name: B}]").All[0];
        Assert.Equal(("0f5e2b7c-9d11-4a3e-8c55-2b7c9d114a3e", "1f5e2b7c-9d11-4a3e-8c55-2b7c9d114a3e"), (person.Tenant, person.Id));
    }

    [Theory]
    [InlineData("[]", 1, "expected a mapping, got a list")]
    [InlineData("{}", 1, "people is missing. Add it.")]
    [InlineData("people: anna", 1, "people: expected a list, got the text \"anna\".")]
    [InlineData("people:\n- {id: a, nam: A}", 2, "Unknown key 'nam' in people[0]. Did you mean 'name'?")]
    [InlineData("people:\n- {name: A}", 2, "people[0].id is missing.")]
    [InlineData("people:\n- {id: a}", 2, "people[0].name is missing.")]
    [InlineData("people: [{id: 5, name: A}]", 1, "people[0].id: expected text, got the number 5. Put it in quotes.")]
    [InlineData("people: [{id: a b, name: A}]", 1, "people[0].id: expected 1 to 256 characters without a space, got the text \"a b\".")]
    [InlineData("people: [{id: a, name: \" A\"}]", 1, "people[0].name: expected 1 to 100 characters")]
    [InlineData("people: [{id: a, name: \"A\\nB\"}]", 1, "people[0].name: expected 1 to 100 characters")]
    [InlineData("people: [{id: a, name: \"A\\u202eB\"}]", 1, "people[0].name: expected 1 to 100 characters")]
    [InlineData("people:\n- {id: anna, name: A}\n- {id: ANNA, name: B}", 3, "people[1].id: 'ANNA' is listed twice in tenant 'local'. Keep one.")]
    [InlineData("people: [{id: a, name: A, tenant: a/b}]", 1, "people[0].tenant: expected 1 to 100 letters, digits and . _ @ -")]
    [InlineData("people: [{id: a, name: A, roles: manager}]", 1, "people[0].roles: expected a list")]
    [InlineData("people: [{id: a, name: A, roles: ['role:manager']}]", 1, "people[0].roles[0]: expected 1 to 64 letters, digits and . _ -, without role: or group:, got")]
    [InlineData("people: [{id: a, name: A, groups: [a b]}]", 1, "people[0].groups[0]: expected 1 to 64 letters")]
    [InlineData("people: [{id: a, name: A, timeZone: Europe/Berlinn}]", 1, "people[0].timeZone: this machine knows no time zone 'Europe/Berlinn'. Did you mean 'Europe/Berlin'?")]
    [InlineData("people: [{id: a, name: A, timeZone: ../zoneinfo/UTC}]", 1, "people[0].timeZone: expected a time zone by its IANA name")]
    [InlineData("people: [{id: a, name: A, timeZone: W. Europe Standard Time}]", 1, "people[0].timeZone: expected a time zone by its IANA name")]
    [InlineData("people: [{id: a, name: A, language: german}]", 1, "people[0].language: expected a language (BCP 47), such as de-DE, got the text \"german\".")]
    public void AMistakeIsNamedWithItsLineAndItsRemedy(string yaml, int line, string expected)
    {
        var refused = Assert.Throws<DefinitionException>(() => Load(yaml));
        Assert.Equal(line, refused.Line);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("anna")]
    [InlineData("anna@b@c")]
    [InlineData("@example.org")]
    [InlineData("anna@")]
    [InlineData("anna@.org")]
    [InlineData("anna@example.")]
    [InlineData("anna ärmel@example.org")]
    [InlineData("anna@example.org,ben@example.org")]
    [InlineData("anna,ben@example.org")]
    [InlineData("Anna <anna@example.org>")]
    [InlineData("anna@example.org>")]
    [InlineData("a;b@example.org")]
    [InlineData("anna@example.org\\r\\nBcc: x@example.org")]
    [InlineData("anna@exam\\0ple.org")]
    [InlineData("anna@exam\\u200bple.org")]
    public void WhatIsNotOneAddressIsRefused(string address)
    {
        Assert.Contains("expected one address", Refused($"people: [{{id: a, name: A, email: \"{address}\"}}]"), StringComparison.Ordinal);
        Assert.Contains("expected one sign-in name", Refused($"people: [{{id: a, name: A, teams: \"{address}\"}}]"), StringComparison.Ordinal);
    }

    [Fact]
    public void AMailboxOfTwoIsRefusedBecauseBothCouldReadAPersonalLink()
    {
        Assert.Contains("people[1].email: DESK@example.org is the address of 'anna' too. A personal link sent there could be read by two.",
            Refused("people: [{id: anna, name: A, email: desk@example.org}, {id: ben, name: B, email: DESK@example.org}]"), StringComparison.Ordinal);
        Assert.Contains("could be read by two",
            Refused("people: [{id: anna, name: A, email: desk@example.org}, {id: ben, name: B, email: desk@example.org, tenant: other}]"), StringComparison.Ordinal);
        Assert.Equal(2, Load("people: [{id: anna, name: A, email: a@example.org}, {id: anna, name: A, email: a@example.org, tenant: other}]").All.Count);
    }

    [Fact]
    public void ThereIsAMostOfPeople()
    {
        static string Many(int count) => "people:\n" + string.Concat(Enumerable.Range(0, count).Select(n => string.Create(CultureInfo.InvariantCulture, $"- {{id: u{n}, name: A}}\n")));
        Assert.Equal(10_000, Load(Many(10_000)).All.Count);
        Assert.Contains("people: 10001 are listed. Keep 10000 at most", Refused(Many(10_001)), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatNobodyNamedMayBeMissing()
    {
        Assert.Empty(PeopleFile.Load("none/people.yaml", mayBeMissing: true).All);
        Assert.Contains("Cannot be read", Assert.Throws<DefinitionException>(() => PeopleFile.Load("none/people.yaml")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyPeopleThatAreAcceptedAreReadBackAsTheyWere() => Prop.ForAll(Files(), yaml =>
    {
        People people;
        try
        {
            people = Load(yaml);
        }
        catch (DefinitionException)
        {
            return true;
        }

        var again = People.FromJson(people.ToJson());
        return again.ToJson() == people.ToJson() && again.Hash == people.Hash && people.All.All(person => again.Find(person.Tenant, person.Id)!.IsAnyOf([.. person.Roles.Select(role => $"role:{role}"), $"user:{person.Id}"]));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void AnyChangeOfAFileIsReadOrRefusedWithItsLine() => Prop.ForAll(
        (from text in Files().Generator
         from at in Gen.Choose(0, text.Length)
         from cut in Gen.Choose(0, 6)
         from put in Gen.Elements("", "null", "[]", "{}", ": ", "- ", "\n", "5", "@", "'", "\0", "/", "é", ",")
         select text[..at] + put + text[Math.Min(text.Length, at + cut)..]).ToArbitrary(),
        text => Record.Exception(() => Load(text)) is null or DefinitionException { Line: > 0 }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static string Refused(string yaml) => Assert.Throws<DefinitionException>(() => Load(yaml)).Message;

    private static People Load(string yaml)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-");
        try
        {
            var file = Path.Combine(folder.FullName, PeopleFile.Name);
            File.WriteAllText(file, yaml);
            return PeopleFile.Load(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Most are accepted; some say one thing twice.
    private static Arbitrary<string> Files() => (
        from people in PersonLine().NonEmptyListOf()
        from tenant in Gen.Elements("", "tenant: acme\n")
        select tenant + "people:\n" + string.Concat(people.DistinctBy(line => line.Split(',')[0]))).ToArbitrary();

    private static Gen<string> PersonLine() =>
        from id in Gen.Elements("anna", "Ben", "carl@x", "0F5E2B7C-9D11-4A3E-8C55-2B7C9D114A3E", "天")
        from name in Gen.Elements("Anna", "\"A \\\"B\\\" C\"", "'Ørsted, <b>'", "天")
        from email in Gen.Elements("", ", email: a@example.org", ", email: b@example.org")
        from roles in Gen.Elements("", ", roles: []", ", roles: [manager]", ", roles: [manager, approve]")
        from groups in Gen.Elements("", ", groups: [finance]")
        from zone in Gen.Elements("", ", timeZone: Asia/Kathmandu")
        select $"- {{id: '{id}', name: {name}{email}{roles}{groups}{zone}}}\n";
}

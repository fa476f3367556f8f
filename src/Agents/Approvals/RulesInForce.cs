using System.Collections.Concurrent;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Storage;

namespace Holdfast.Agents.Approvals;

/// <summary>The people and policies that hold now, whichever host has put them in force.</summary>
internal sealed class RulesInForce
{
    private const string OfPeople = "people";
    private const string OfPolicies = "policies";

    private readonly ConcurrentDictionary<string, People> people = new() { [People.Nobody.Hash] = People.Nobody };
    private readonly ConcurrentDictionary<string, Policies> policies = new() { [Policies.None.Hash] = Policies.None };

    /// <summary>Policies are kept for as long as a decision may refer to them; of people only those that hold, or who has left would stay for ever.</summary>
    public static async Task PutAsync(StoreTransaction tx, People people, Policies policies)
    {
        await PutAsync(tx, OfPeople, people.Hash, people.ToJson());
        await PutAsync(tx, OfPolicies, policies.Hash, policies.ToJson());
        await tx.ExecuteAsync("DELETE FROM documents WHERE kind = 'people' AND hash <> @Hash", new { people.Hash });
    }

    public Task<Rules> ReadAsync(StoreTransaction tx) => ReadAsync(tx, replaced: null);

    /// <param name="replaced">People that were in force a moment ago and were gone when they were read: another host has put others in their place.</param>
    private async Task<Rules> ReadAsync(StoreTransaction tx, string? replaced)
    {
        var hashes = (await tx.ListAsync<InForce>("SELECT kind, hash FROM in_force")).ToDictionary(row => row.Kind, row => row.Hash);
        var ofPeople = hashes.GetValueOrDefault(OfPeople, People.Nobody.Hash);
        var ofPolicies = hashes.GetValueOrDefault(OfPolicies, Policies.None.Hash);
        if (!people.TryGetValue(ofPeople, out var known))
        {
            if (await FindAsync(tx, ofPeople) is not { } content)
            {
                return ofPeople == replaced ? throw Missing(ofPeople) : await ReadAsync(tx, ofPeople);
            }

            known = People.FromJson(content);
            people.Clear(); // one at a time holds, and there may be many in it
            people[ofPeople] = known;
        }

        if (!policies.TryGetValue(ofPolicies, out var holding))
        {
            policies[ofPolicies] = holding = Policies.FromJson(await FindAsync(tx, ofPolicies) ?? throw Missing(ofPolicies));
        }

        return new Rules(known, ofPeople, holding, ofPolicies);
    }

    private static async Task PutAsync(StoreTransaction tx, string kind, string hash, string content)
    {
        await tx.ExecuteAsync("""
            INSERT INTO documents (hash, kind, content) VALUES (@hash, @kind, @content) ON CONFLICT (hash) DO NOTHING;
            INSERT INTO in_force (kind, hash) VALUES (@kind, @hash) ON CONFLICT (kind) DO UPDATE SET hash = @hash
            """, new { kind, hash, content });
    }

    private static Task<string?> FindAsync(StoreTransaction tx, string hash) => tx.FirstAsync<string>("SELECT content FROM documents WHERE hash = @hash", new { hash });

    private static InvalidOperationException Missing(string hash) => new($"Document {hash} is in force and not in the store. Restore the store from a backup.");

    private sealed class InForce
    {
        public string Kind { get; init; } = "";

        public string Hash { get; init; } = "";
    }
}

/// <param name="PeopleHash">Which people these are.</param>
/// <param name="PoliciesHash">Which policies these are.</param>
internal sealed record Rules(People People, string PeopleHash, Policies Policies, string PoliciesHash);

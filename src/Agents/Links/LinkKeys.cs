using System.Security.Cryptography;
using System.Text;
using Holdfast.Agents.Secrets;

namespace Holdfast.Agents.Links;

/// <summary>
/// The secrets behind what leads people here: links, their digits, the forms of pages, the sessions of browsers. The first signs, and what any of
/// them has signed is good, so that one takes another's place without a link that ends before its time.
/// </summary>
public sealed class LinkKeys
{
    /// <summary>The shortest key, in characters.</summary>
    public const int Shortest = 32;

    /// <summary>How many there can be: what comes from outside is checked against each.</summary>
    public const int Most = 8;

    private readonly IReadOnlyList<LinkKey> all;

    private LinkKeys(IReadOnlyList<LinkKey> all) => this.all = all;

    /// <summary>What links and commands call each; no secret. The first is that of the key that signs.</summary>
    public IReadOnlyList<string> Ids => [.. all.Select(key => key.Id)];

    internal IReadOnlyList<LinkKey> All => all;

    internal LinkKey Signing => all[0];

    /// <summary>Keys as a setting lists them: each a text of at least 32 characters, or <c>secret:NAME</c>.</summary>
    /// <param name="setting">For messages.</param>
    /// <param name="value">The keys, with commas between them.</param>
    /// <exception cref="SecretException">One is too short, given twice or not to be had, or there are too many. No message holds a key.</exception>
    public static LinkKeys Read(string setting, string value, SecretSource secrets) =>
        Of(setting, [.. value.Split(',', StringSplitOptions.TrimEntries).Select(key => secrets.Resolve(setting, key))]);

    /// <inheritdoc cref="Read"/>
    public static LinkKeys Of(string setting, IReadOnlyList<Secret> secrets)
    {
        if (secrets.Count is 0 or > Most)
        {
            throw new SecretException($"{setting} has {secrets.Count} keys. Give 1 to {Most}: the first signs, and the others are those of before.");
        }

        var keys = secrets.Select((secret, at) => secret.Reveal() is { Length: >= Shortest } text ? new LinkKey(text) : throw new SecretException(
            $"{setting}: key {at + 1} has {secret.Reveal().Length} characters. A key has at least {Shortest}; make one with: openssl rand -base64 32")).ToList();
        return keys.DistinctBy(key => key.Id).Count() == keys.Count ? new LinkKeys(keys)
            : throw new SecretException($"{setting} has one key twice. Give each once: the first signs, and the others are those of before.");
    }

    internal LinkKey? Find(string id) => all.FirstOrDefault(key => key.Id == id);
}

/// <summary>
/// One secret. Each use of it has a key of its own, made from it by HMAC-SHA-256 over the use's name, so that what is signed for one use is worth
/// nothing for another.
/// </summary>
internal sealed class LinkKey(string secret)
{
    private readonly byte[] root = Encoding.UTF8.GetBytes(secret);

    /// <summary>8 hexadecimal digits that say nothing of the secret.</summary>
    public string Id { get; } = Convert.ToHexStringLower(Derive(Encoding.UTF8.GetBytes(secret), "id").AsSpan(0, 4));

    /// <returns>32 bytes.</returns>
    public byte[] Sign(LinkUse use, string text) => HMACSHA256.HashData(Derive(root, use.Name), Encoding.UTF8.GetBytes(text));

    public override string ToString() => Id;

    private static byte[] Derive(byte[] root, string use) => HMACSHA256.HashData(root, Encoding.ASCII.GetBytes($"holdfast 1 {use}"));
}

/// <summary>What a key is used for.</summary>
internal sealed record LinkUse(string Name)
{
    public static readonly LinkUse Link = new("link");
    public static readonly LinkUse Code = new("code");
    public static readonly LinkUse View = new("view");
    public static readonly LinkUse Session = new("session");
}

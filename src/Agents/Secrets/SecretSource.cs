using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Agents.Secrets;

/// <summary>
/// Where the secrets are that settings name as <c>secret:NAME</c>: in a directory, one file a name, or else in the environment as
/// HOLDFAST_SECRET_NAME. It knows what it has given out, and takes it out of texts that are about to be logged or stored.
/// </summary>
/// <remarks>A variable is in capitals and has _ for -, so that shop-key, shop_key and Shop-Key are three files, but one variable.</remarks>
/// <param name="directory">Null for none.</param>
/// <param name="variable">The value of an environment variable; null or empty for one that is not set.</param>
public sealed partial class SecretSource(string? directory, Func<string, string?> variable)
{
    /// <summary>What the name of a secret stands behind in a setting.</summary>
    public const string Mark = "secret:";

    /// <summary>What the variable of a secret begins with.</summary>
    public const string Prefix = "HOLDFAST_SECRET_";

    private const string LinkBegins = "eyJhIjoiYXByX"; // {"a":"apr_
    private const int LongestName = 100;
    private const int Largest = 64 * 1024;
    private const int ShortestRedacted = 8; // less than that stands in any text by chance
    private static readonly SearchValues<char> NameLetters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
    private static readonly Comparer<string> LongestFirst = Comparer<string>.Create(static (one, other) =>
        one.Length != other.Length ? other.Length.CompareTo(one.Length) : string.CompareOrdinal(one, other));

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // A value as it may stand in a text, and what it is called; the longest first, so that of one that has another in it nothing is left over.
    private ImmutableSortedDictionary<string, string> given = ImmutableSortedDictionary.Create<string, string>(LongestFirst);

    /// <summary>The value of a setting: what <c>secret:NAME</c> names, or the value itself.</summary>
    /// <param name="setting">For messages.</param>
    /// <exception cref="SecretException">There is no such secret, or its file is not only its owner's.</exception>
    public Secret Resolve(string setting, string value)
    {
        try
        {
            return value.StartsWith(Mark, StringComparison.Ordinal) ? Get(value[Mark.Length..]) : Given(new Secret(null, value));
        }
        catch (SecretException e)
        {
            throw new SecretException($"{setting}: {e.Message}", e);
        }
    }

    /// <exception cref="SecretException">There is no such secret, or its file is not only its owner's.</exception>
    public Secret Get(string name)
    {
        if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExcept(NameLetters))
        {
            throw new SecretException($"'{Mark}{name}' names no secret. A name is 1 to {LongestName} letters, digits, _ and -.");
        }

        return Given(new Secret(name, FromFile(name) ?? FromVariable(name) ?? throw new SecretException(
            $"There is no secret '{name}'. {(directory is null ? "Name a directory with --secrets and put it there" : $"Put it into {Path.Combine(directory, name)}")} (mode 0600), or set {VariableOf(name)}.")));
    }

    /// <summary>A text without any secret that was given out here, and without API keys and links' tokens: each is replaced by its name.</summary>
    /// <remarks>A net under those who should not have put one there; secrets of fewer than 8 characters fall through it.</remarks>
    public string Redact(string text)
    {
        foreach (var (value, name) in Volatile.Read(ref given))
        {
            if (text.Contains(value, StringComparison.Ordinal))
            {
                text = text.Replace(value, name, StringComparison.Ordinal);
            }
        }

        text = text.Contains("hf_", StringComparison.Ordinal) ? ApiKey().Replace(text, "hf_${prefix}_…") : text;
        return text.Contains(LinkBegins, StringComparison.Ordinal) ? LinkToken().Replace(text, "link_…") : text;
    }

    private Secret Given(Secret secret)
    {
        var value = secret.Reveal();
        if (value.Length >= ShortestRedacted)
        {
            string[] forms = [value, Uri.EscapeDataString(value), JsonEncodedText.Encode(value).ToString(), JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString()];
            foreach (var form in forms)
            {
                ImmutableInterlocked.Update(ref given, known => known.ContainsKey(form) ? known : known.Add(form, secret.ToString()));
            }
        }

        return secret;
    }

    private string? FromVariable(string name) => variable(VariableOf(name)) is { Length: > 0 } value ? value : null;

    private static string VariableOf(string name) => Prefix + name.ToUpperInvariant().Replace('-', '_');

    private string? FromFile(string name) => directory is null ? null : ReadFile(Path.Combine(directory, name));

    /// <summary>What stands in a file that only its owner may read, without the line break at its end.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="SecretException">It is open to others, another user's, empty, over 64 KB or no UTF-8.</exception>
    public static string? ReadFile(string file)
    {
        try
        {
            using var handle = File.OpenHandle(file);
            CheckOwner(handle, file);
            var length = RandomAccess.GetLength(handle);
            if (length > Largest)
            {
                throw new SecretException($"{file} has {length} bytes. A secret has at most {Largest}.");
            }

            var bytes = new byte[length];
            var text = Utf8.GetString(bytes, 0, RandomAccess.Read(handle, bytes, 0));
            text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
            return text.Length > 0 ? text : throw new SecretException($"{file} is empty. Write the secret into it.");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new SecretException($"{file} cannot be read as a secret: {e.Message} Write it as UTF-8, readable by this process.", e);
        }
    }

    // Of the file that was opened, whatever stands at its path by now.
    private static void CheckOwner(SafeFileHandle handle, string file)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if ((File.GetUnixFileMode(handle) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) is not UnixFileMode.None and var more)
        {
            throw new SecretException($"{file} is open to more than its owner ({more}). Type: chmod 600 {file}");
        }

        if (FileOwner.Of(handle) is { } owner && owner != 0 && owner != FileOwner.Me)
        {
            throw new SecretException($"{file} belongs to user {owner}, and this process is user {FileOwner.Me}. Type: chown {FileOwner.Me} {file}");
        }
    }

    // One that was cut off, too. It takes all that follows at once, so that a text of many beginnings is not read many times.
    [GeneratedRegex($@"{LinkBegins}[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)?")]
    private static partial Regex LinkToken();

    [GeneratedRegex("hf_(?<prefix>[0-9a-z]{8})_[0-9a-z]{58}")]
    private static partial Regex ApiKey();
}

using System.Text;
using System.Text.RegularExpressions;

namespace Holdfast.Agents.Json;

/// <summary>
/// A schema's <c>pattern</c>: a regular expression of ECMA-262, run by an engine whose time grows with the text only, so that
/// neither a pattern nor a value can hang a host.
/// </summary>
internal static class SchemaPattern
{
    /// <exception cref="ArgumentException">Not a regular expression.</exception>
    /// <exception cref="NotSupportedException">It looks around or refers back, which cannot be done in linear time.</exception>
    public static Regex Compile(string pattern) => new(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    // Where .NET reads the same text more widely: $ also stands before a last line feed, \d and \w also take other scripts.
    private static string Translate(string pattern)
    {
        var text = new StringBuilder();
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                var escape = pattern.Substring(i++, 2);
                text.Append(escape switch
                {
                    @"\d" => inClass ? "0-9" : "[0-9]",
                    @"\w" => inClass ? "A-Za-z0-9_" : "[A-Za-z0-9_]",
                    @"\D" when !inClass => "[^0-9]",
                    @"\W" when !inClass => "[^A-Za-z0-9_]",
                    _ => escape,
                });
                continue;
            }

            inClass = c == '[' || (inClass && c != ']');
            text.Append(c == '$' && !inClass ? @"\z" : c);
        }

        return text.ToString();
    }
}

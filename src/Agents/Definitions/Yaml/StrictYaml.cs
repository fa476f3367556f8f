using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Holdfast.Agents.Definitions.Yaml;

/// <summary>
/// Reads the part of YAML that has one meaning: one document of mappings, sequences and scalars. Tags, anchors, aliases, merge keys,
/// repeated keys and further documents are refused, nesting over 32 levels and files over 1 MiB too.
/// </summary>
public sealed class StrictYaml
{
    public const int DeepestNesting = 32;
    public const int LargestFile = 1024 * 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string file;
    private readonly Parser parser;

    private StrictYaml(string file, string text)
    {
        this.file = file;
        parser = new Parser(new StringReader(text));
    }

    /// <exception cref="DefinitionException">The file is missing, too large, not UTF-8 or not YAML of the accepted part.</exception>
    public static YamlNode ReadFile(string path) => Read(path, ReadText(path));

    /// <param name="file">How errors name it.</param>
    /// <exception cref="DefinitionException">Not YAML of the accepted part.</exception>
    public static YamlNode Read(string file, string text)
    {
        if (text.Length > LargestFile)
        {
            throw TooLarge(file);
        }

        var reader = new StrictYaml(file, text);
        try
        {
            return reader.Document();
        }
        catch (YamlException e)
        {
            throw new DefinitionException(file, Math.Max(1, (int)e.Start.Line), $"Not YAML: {e.Message.TrimEnd('.')}. Mend the syntax "
                + $"near column {e.Start.Column}.", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException)
        {
            // The scanner's own invariants, which some malformed texts break before it can say what is wrong with them.
            var line = reader.parser.Current is { } last ? (int)last.End.Line : 1;
            throw new DefinitionException(file, Math.Max(1, line), "Not YAML from here on. Mend the syntax.", e);
        }
    }

    /// <summary>The text of a file beside a definition: UTF-8, at most 1 MiB, line ends as LF so that a checkout does not change
    /// it.</summary>
    /// <exception cref="DefinitionException">The file is missing, too large or not UTF-8.</exception>
    internal static string ReadText(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length > LargestFile)
            {
                throw TooLarge(path);
            }

            using var reader = new StreamReader(stream, Utf8, detectEncodingFromByteOrderMarks: false);
            return reader.ReadToEnd().TrimStart('\ufeff').Replace("\r\n", "\n", StringComparison.Ordinal);
        }
        catch (DecoderFallbackException e)
        {
            throw new DefinitionException(path, 1, "Not UTF-8. Save the file as UTF-8.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DefinitionException(path, 1, $"Cannot be read: {e.Message} Create it, or let this process read it.", e);
        }
    }

    private YamlNode Document()
    {
        Next<StreamStart>();
        if (Next() is StreamEnd end)
        {
            throw Fault(end, "The file is empty. Write a mapping of keys and values.");
        }

        Next();
        var root = Node(1);
        Next<DocumentEnd>();
        return Next() is StreamEnd ? root : throw Fault(parser.Current!, "A second document. Keep one in a file.");
    }

    private YamlNode Node(int depth)
    {
        var at = parser.Current!;
        if (at is AnchorAlias)
        {
            throw Fault(at, "Aliases are not supported. Write the value again.");
        }

        var node = (NodeEvent)at;
        if (!node.Anchor.IsEmpty || !node.Tag.IsEmpty)
        {
            throw Fault(at, "Anchors and tags are not supported. Remove it; quote text that would read as a number.");
        }

        if (depth > DeepestNesting)
        {
            throw Fault(at, $"Nested over {DeepestNesting} levels. Flatten it.");
        }

        return at switch
        {
            MappingStart => Mapping(at, depth + 1),
            SequenceStart => Sequence(at, depth + 1),
            _ => ScalarAt((Scalar)at),
        };
    }

    private YamlMapping Mapping(ParsingEvent start, int depth)
    {
        var entries = new List<YamlEntry>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            var key = Key(depth);
            if (!seen.Add(key.Text))
            {
                throw new DefinitionException(file, key.Line, $"The key '{key.Text}' appears twice. Keep one.");
            }

            Next();
            entries.Add(new(key, Node(depth)));
        }

        return new(entries, Line(start), Column(start));
    }

    private YamlScalar Key(int depth)
    {
        var at = parser.Current!;
        if (Node(depth) is not YamlScalar { Text.Length: > 0 } key)
        {
            throw Fault(at, "A key must be text. Write it as one word.");
        }

        return key is { Plain: true, Text: "<<" } ? throw Fault(at, "Merge keys are not supported. Write the values out.") : key;
    }

    private YamlSequence Sequence(ParsingEvent start, int depth)
    {
        var items = new List<YamlNode>();
        while (Next() is not SequenceEnd)
        {
            items.Add(Node(depth));
        }

        return new(items, Line(start), Column(start));
    }

    private static YamlScalar ScalarAt(Scalar scalar) => new(scalar.Value, scalar.Style == ScalarStyle.Plain, Line(scalar), Column(scalar));

    private ParsingEvent Next() => parser.MoveNext() ? parser.Current! : throw new YamlException("The file ends too soon");

    private void Next<T>()
        where T : ParsingEvent
    {
        if (Next() is not T)
        {
            throw Fault(parser.Current!, $"Expected {typeof(T).Name}. Mend the syntax.");
        }
    }

    private static DefinitionException TooLarge(string file) => new(file, 1, $"Larger than {LargestFile} bytes. Make it smaller.");

    private DefinitionException Fault(ParsingEvent at, string message) => new(file, Line(at), message);

    private static int Line(ParsingEvent at) => Math.Max(1, (int)at.Start.Line);

    private static int Column(ParsingEvent at) => Math.Max(1, (int)at.Start.Column);
}

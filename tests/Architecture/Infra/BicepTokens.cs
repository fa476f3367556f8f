namespace Holdfast.Architecture.Infra;

internal enum TokenKind
{
    Name,
    Number,
    Text,
    Mark,
    NewLine,
    End,
}

/// <param name="Value">As it is written; of a text nothing, see <paramref name="Parts"/>.</param>
/// <param name="Parts">What a text is made of: strings, and the tokens of each ${…}.</param>
internal sealed record Token(TokenKind Kind, string Value, int Line, IReadOnlyList<object>? Parts = null);

/// <summary>Why a file is not Bicep, or not the part of Bicep that is understood here; the message says where.</summary>
internal sealed class BicepException(string file, int line, string fact) : Exception($"{file}:{line} {fact}");

/// <summary>The words of a Bicep file. Brackets, braces and texts must close; a sign that Bicep does not have is refused.</summary>
internal sealed class BicepTokens
{
    private static readonly string[] Marks =
        ["=>", "==", "!=", "=~", "!~", ">=", "<=", "&&", "||", "??", ".?", "[?", "...", "(", ")", "[", "]", "{", "}", ",", ":", "=", "?", ".", "!", "<", ">", "+", "-", "*", "/", "%", "|", "@"];

    private readonly string file;
    private readonly string text;
    private readonly List<Token> tokens = [];
    private readonly Stack<Token> open = new();
    private int at;
    private int line = 1;

    private BicepTokens(string file, string text) => (this.file, this.text) = (file, text);

    /// <exception cref="BicepException">The text is none.</exception>
    public static IReadOnlyList<Token> Read(string file, string text)
    {
        var reader = new BicepTokens(file, text.ReplaceLineEndings("\n"));
        reader.ReadUntil(inText: false);
        return reader.tokens;
    }

    /// <param name="inText">Within ${…}: ends with the brace that closes it.</param>
    private void ReadUntil(bool inText)
    {
        var depth = open.Count;
        while (at < text.Length)
        {
            var c = text[at];
            if (c == '\n')
            {
                Add(TokenKind.NewLine, "\n");
                at++;
                line++;
            }
            else if (char.IsWhiteSpace(c))
            {
                at++;
            }
            else if (Ahead("//") || c == '#')
            {
                at = End("\n", text.Length);
            }
            else if (Ahead("/*"))
            {
                Skip(End("*/", -1, "A comment does not end.") + 2);
            }
            else if (c == '\'')
            {
                ReadText();
            }
            else if (char.IsAsciiLetter(c) || c == '_')
            {
                Take(TokenKind.Name, char.IsAsciiLetterOrDigit);
            }
            else if (char.IsAsciiDigit(c))
            {
                Take(TokenKind.Number, char.IsAsciiDigit);
            }
            else if (inText && c == '}' && open.Count == depth)
            {
                return;
            }
            else
            {
                ReadMark();
            }
        }

        if (inText)
        {
            throw new BicepException(file, line, "A ${ in a text does not end.");
        }

        if (open.Count > 0)
        {
            throw new BicepException(file, open.Peek().Line, $"{open.Peek().Value} is not closed.");
        }

        Add(TokenKind.End, "");
    }

    private void ReadMark()
    {
        var mark = Marks.FirstOrDefault(Ahead) ?? throw new BicepException(file, line, $"'{text[at]}' is no sign of Bicep.");
        Add(TokenKind.Mark, mark);
        at += mark.Length;
        switch (mark)
        {
            case "(" or "[" or "{" or "[?":
                open.Push(tokens[^1]);
                break;
            case ")" or "]" or "}":
                var opener = open.Count > 0 ? open.Pop().Value[..1] : "";
                if (opener + mark is not ("()" or "[]" or "{}"))
                {
                    throw new BicepException(file, line, $"{mark} closes {(opener.Length > 0 ? opener : "nothing")}.");
                }

                break;
        }
    }

    private void ReadText()
    {
        var start = line;
        List<object> parts = [];
        if (Ahead("'''"))
        {
            at += 3;
            var end = End("'''", -1, "A text does not end.");
            parts.Add(text[at..end]);
            Skip(end + 3);
            tokens.Add(new Token(TokenKind.Text, "", start, parts));
            return;
        }

        at++;
        var literal = new System.Text.StringBuilder();
        while (true)
        {
            if (at >= text.Length || text[at] == '\n' || (text[at] == '\\' && at + 1 == text.Length))
            {
                throw new BicepException(file, start, "A text does not end.");
            }

            if (text[at] == '\'')
            {
                at++;
                break;
            }

            if (Ahead("${"))
            {
                at += 2;
                parts.Add(literal.ToString());
                literal.Clear();
                var outer = tokens.Count;
                ReadUntil(inText: true);
                at++;
                Add(TokenKind.End, "");
                parts.Add(tokens[outer..].ToList());
                tokens.RemoveRange(outer, tokens.Count - outer);
            }
            else if (text[at] == '\\')
            {
                literal.Append(text[at + 1]);
                at += 2;
            }
            else
            {
                literal.Append(text[at++]);
            }
        }

        parts.Add(literal.ToString());
        tokens.Add(new Token(TokenKind.Text, "", start, parts));
    }

    private void Take(TokenKind kind, Func<char, bool> belongs)
    {
        var start = at;
        while (at < text.Length && (belongs(text[at]) || text[at] == '_'))
        {
            at++;
        }

        Add(kind, text[start..at]);
    }

    private void Add(TokenKind kind, string value) => tokens.Add(new Token(kind, value, line));

    private bool Ahead(string sign) => string.CompareOrdinal(text, at, sign, 0, sign.Length) == 0;

    private int End(string sign, int otherwise, string? fact = null) =>
        text.IndexOf(sign, at, StringComparison.Ordinal) is >= 0 and var end ? end : fact is null ? otherwise : throw new BicepException(file, line, fact);

    private void Skip(int end)
    {
        line += text.AsSpan(at, end - at).Count('\n');
        at = end;
    }
}

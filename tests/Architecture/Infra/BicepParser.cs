namespace Holdfast.Architecture.Infra;

/// <summary>
/// Reads what infra-bicep is written in: params with simple types, vars, resources, modules, outputs, funcs, imports, and their expressions.
/// Whatever else Bicep has is refused with its place, rather than passed over.
/// </summary>
internal sealed class BicepParser
{
    // The loosest first.
    private static readonly string[][] Operators = [["??"], ["||"], ["&&"], ["==", "!=", "=~", "!~"], ["<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]];

    private readonly string file;
    private readonly IReadOnlyList<Token> tokens;
    private int at;

    private BicepParser(string file, IReadOnlyList<Token> tokens) => (this.file, this.tokens) = (file, tokens);

    private Token Now => tokens[at];

    /// <exception cref="BicepException">The text is not understood.</exception>
    public static IReadOnlyList<Declaration> Read(string file, string text)
    {
        var parser = new BicepParser(file, BicepTokens.Read(file, text));
        List<Declaration> declarations = [];
        for (parser.Lines(); parser.Now.Kind != TokenKind.End; parser.Lines())
        {
            declarations.Add(parser.ReadDeclaration());
            parser.EndOfLine();
        }

        return declarations;
    }

    private Declaration ReadDeclaration()
    {
        List<CallNode> decorators = [];
        while (Took("@"))
        {
            decorators.Add(Expression() as CallNode ?? throw Not("a decorator"));
            EndOfLine();
            Lines();
        }

        var line = Now.Line;
        Declaration Of(DeclarationKind kind, string name, string type, Node? value, params IReadOnlyList<string> names) => new(kind, line, name, type, value, decorators, names);
        switch (Name())
        {
            case "param":
                var name = Name();
                return Now.Kind == TokenKind.Name
                    ? Of(DeclarationKind.Param, name, Type(), Took("=") ? Expression() : null)
                    : Of(DeclarationKind.Param, name, "", Assigned());
            case "var":
                return Of(DeclarationKind.Var, Name(), "", Assigned());
            case "output":
                return Of(DeclarationKind.Output, Name(), Type(), Assigned());
            case "targetScope":
                return Of(DeclarationKind.TargetScope, "", "", Assigned());
            case "extension":
                return Of(DeclarationKind.Extension, "", Name(), null);
            case "using":
                return Of(DeclarationKind.Using, "", Path(), null);
            case "resource":
                var symbol = Name();
                var type = Path();
                var existing = Now is { Kind: TokenKind.Name, Value: "existing" };
                at += existing ? 1 : 0;
                return Of(DeclarationKind.Resource, symbol, type, Assigned()) with { IsExisting = existing };
            case "module":
                return Of(DeclarationKind.Module, Name(), Path(), Assigned());
            case "import":
                Expect("{");
                var names = Separated("}", Name);
                return Name() == "from" ? Of(DeclarationKind.Import, "", Path(), null, names) : throw Not("'from'");
            case "func":
                var function = Name();
                Expect("(");
                var parameters = Separated(")", () => (Name(), Type()).Item1);
                var result = Type();
                Expect("=>");
                return Of(DeclarationKind.Func, function, result, Expression(), parameters);
            case var word:
                throw new BicepException(file, line, $"'{word}' begins nothing that is known here.");
        }
    }

    private Node Assigned()
    {
        Expect("=");
        return Expression();
    }

    private string Path() => Primary() is { Literal: { } path } ? path : throw Not("a plain text");

    private string Type()
    {
        var type = Name();
        return Took("[") ? Closed("]", type + "[]") : type;
    }

    private string Closed(string sign, string value)
    {
        Expect(sign);
        return value;
    }

    private Node Expression()
    {
        var condition = Binary(0);
        if (!TookAcrossLines("?"))
        {
            return condition;
        }

        Lines();
        var yes = Expression();
        Lines();
        Expect(":");
        Lines();
        return new ChoiceNode(condition.Line, condition, yes, Expression());
    }

    private Node Binary(int level)
    {
        if (level == Operators.Length)
        {
            return Unary();
        }

        var left = Binary(level + 1);
        while (Now.Kind == TokenKind.Mark && Operators[level].Contains(Now.Value))
        {
            var sign = tokens[at++].Value;
            Lines();
            left = new OperationNode(left.Line, sign, [left, Binary(level + 1)]);
        }

        return left;
    }

    private Node Unary()
    {
        var line = Now.Line;
        return Took("!") ? new OperationNode(line, "!", [Unary()]) : Took("-") ? new OperationNode(line, "-", [Unary()]) : Suffixed(Primary());
    }

    private Node Suffixed(Node node)
    {
        while (true)
        {
            if (Took(".") || Took(".?"))
            {
                var name = Name();
                node = Took("(") ? new CallNode(node.Line, node, name, Separated(")", Expression)) : new MemberNode(node.Line, node, name);
            }
            else if (Took("["))
            {
                var index = Expression();
                Expect("]");
                node = new IndexNode(node.Line, node, index);
            }
            else if (!Took("!"))
            {
                return node;
            }
        }
    }

    private Node Primary()
    {
        var token = tokens[at++];
        switch (token.Kind)
        {
            case TokenKind.Number:
                return new NumberNode(token.Line, token.Value);
            case TokenKind.Text:
                return new TextNode(token.Line, Parts(token.Parts!));
            case TokenKind.Name when token.Value is "true" or "false" or "null":
                return new WordNode(token.Line, token.Value);
            case TokenKind.Name when token.Value == "if" && Now.Value == "(":
                Expect("(");
                var condition = Expression();
                Expect(")");
                return new IfNode(token.Line, condition, Primary());
            case TokenKind.Name when Took("("):
                return new CallNode(token.Line, null, token.Value, Separated(")", Expression));
            case TokenKind.Name when Took("=>"):
                Lines();
                return new LambdaNode(token.Line, [token.Value], Expression());
            case TokenKind.Name:
                return new NameNode(token.Line, token.Value);
            case TokenKind.Mark when token.Value == "(":
                Lines();
                var inner = Expression();
                Lines();
                Expect(")");
                return inner;
            case TokenKind.Mark when token.Value == "{":
                return new ObjectNode(token.Line, Separated("}", ReadProperty));
            case TokenKind.Mark when token.Value == "[" && Now is { Kind: TokenKind.Name, Value: "for" }:
                return Loop(token.Line);
            case TokenKind.Mark when token.Value == "[":
                return new ListNode(token.Line, Separated("]", Expression));
            default:
                at--;
                throw Not("a value");
        }
    }

    private ForNode Loop(int line)
    {
        Name();
        IReadOnlyList<string> names = Took("(") ? Separated(")", Name) : [Name()];
        if (Name() != "in")
        {
            throw Not("'in'");
        }

        var source = Expression();
        Expect(":");
        var body = Expression();
        Lines();
        Expect("]");
        return new ForNode(line, names, source, body);
    }

    private Property ReadProperty()
    {
        Node key = Now.Kind == TokenKind.Name ? new NameNode(Now.Line, Name()) : Primary() as TextNode ?? throw Not("a key");
        Expect(":");
        return new Property(key, Expression());
    }

    private List<object> Parts(IReadOnlyList<object> parts) =>
        [.. parts.Select(part => part is IReadOnlyList<Token> inner ? Whole(new BicepParser(file, inner)) : part).Where(part => part is not "" || parts.Count == 1)];

    private static Node Whole(BicepParser inner)
    {
        inner.Lines();
        var node = inner.Expression();
        inner.Lines();
        return inner.Now.Kind == TokenKind.End ? node : throw inner.Not("the end of ${…}");
    }

    // By commas or by lines.
    private List<T> Separated<T>(string end, Func<T> read)
    {
        List<T> items = [];
        for (Lines(); !Took(end); Lines())
        {
            items.Add(read());
            if (!Took(",") && Now.Kind != TokenKind.NewLine && Now.Value != end)
            {
                throw Not($"'{end}', a comma or a new line");
            }
        }

        return items;
    }

    private string Name() => Now.Kind == TokenKind.Name ? tokens[at++].Value : throw Not("a name");

    private bool Took(string sign)
    {
        var took = Now.Kind == TokenKind.Mark && Now.Value == sign;
        at += took ? 1 : 0;
        return took;
    }

    private bool TookAcrossLines(string sign)
    {
        var before = at;
        Lines();
        if (Took(sign))
        {
            return true;
        }

        at = before;
        return false;
    }

    private void Expect(string sign)
    {
        if (!Took(sign))
        {
            throw Not($"'{sign}'");
        }
    }

    private void Lines()
    {
        while (Now.Kind == TokenKind.NewLine)
        {
            at++;
        }
    }

    private void EndOfLine()
    {
        if (Now.Kind is not (TokenKind.NewLine or TokenKind.End))
        {
            throw Not("a new line");
        }
    }

    private BicepException Not(string expected) => new(file, Now.Line, $"Here should stand {expected}, not '{Now.Value.ReplaceLineEndings("the end of the line")}'.");
}

namespace Holdfast.Architecture.Infra;

/// <summary>An expression, and the line it begins on.</summary>
internal abstract record Node(int Line)
{
    /// <summary>What it is made of.</summary>
    public virtual IEnumerable<Node> Inner => [];

    /// <summary>It and all that it is made of.</summary>
    public IEnumerable<Node> All => Inner.SelectMany(node => node.All).Prepend(this);

    /// <summary>The text, if it is one without ${…}.</summary>
    public string? Literal => this is TextNode { Parts: [string text] } ? text : null;
}

/// <param name="Parts">Strings, and a <see cref="Node"/> for each ${…}.</param>
internal sealed record TextNode(int Line, IReadOnlyList<object> Parts) : Node(Line)
{
    public override IEnumerable<Node> Inner => Parts.OfType<Node>();
}

internal sealed record NumberNode(int Line, string Value) : Node(Line);

internal sealed record WordNode(int Line, string Value) : Node(Line); // true, false, null

internal sealed record NameNode(int Line, string Name) : Node(Line);

internal sealed record MemberNode(int Line, Node Of, string Name) : Node(Line)
{
    public override IEnumerable<Node> Inner => [Of];

    /// <summary>What the dots begin with, and the path behind it.</summary>
    public (Node Root, string Path) Chain => Of is MemberNode inner ? (inner.Chain.Root, $"{inner.Chain.Path}.{Name}") : (Of, Name);
}

internal sealed record IndexNode(int Line, Node Of, Node At) : Node(Line)
{
    public override IEnumerable<Node> Inner => [Of, At];
}

/// <param name="Of">What it is called on, if on anything.</param>
internal sealed record CallNode(int Line, Node? Of, string Name, IReadOnlyList<Node> Arguments) : Node(Line)
{
    public override IEnumerable<Node> Inner => Of is null ? Arguments : Arguments.Prepend(Of);
}

internal sealed record ListNode(int Line, IReadOnlyList<Node> Items) : Node(Line)
{
    public override IEnumerable<Node> Inner => Items;
}

internal sealed record Property(Node Key, Node Value)
{
    /// <summary>The key, or * where it is computed.</summary>
    public string Name => Key is NameNode name ? name.Name : Key.Literal ?? "*";
}

internal sealed record ObjectNode(int Line, IReadOnlyList<Property> Properties) : Node(Line)
{
    public override IEnumerable<Node> Inner => Properties.SelectMany(property => property.Key is NameNode ? [property.Value] : new[] { property.Key, property.Value });

    public Node? this[string name] => Properties.FirstOrDefault(property => property.Name == name)?.Value;
}

internal sealed record ForNode(int Line, IReadOnlyList<string> Names, Node Source, Node Body) : Node(Line)
{
    public override IEnumerable<Node> Inner => [Source, Body];
}

internal sealed record IfNode(int Line, Node Condition, Node Body) : Node(Line)
{
    public override IEnumerable<Node> Inner => [Condition, Body];
}

internal sealed record ChoiceNode(int Line, Node Condition, Node Yes, Node No) : Node(Line)
{
    public override IEnumerable<Node> Inner => [Condition, Yes, No];
}

internal sealed record OperationNode(int Line, string Sign, IReadOnlyList<Node> Operands) : Node(Line)
{
    public override IEnumerable<Node> Inner => Operands;
}

internal sealed record LambdaNode(int Line, IReadOnlyList<string> Names, Node Body) : Node(Line)
{
    public override IEnumerable<Node> Inner => [Body];
}

internal enum DeclarationKind
{
    Param,
    Var,
    Resource,
    Module,
    Output,
    Func,
    Import,
    Extension,
    TargetScope,
    Using,
}

/// <param name="Name">Of a param, var, resource, module, output or func; else nothing.</param>
/// <param name="Type">The type of a param, output or func; of a resource its type and version; of a module, import or using its path; of an extension its name.</param>
/// <param name="Value">What it is set to; of a param what it is if nobody gives it.</param>
/// <param name="Decorators">What stands above it, each a call.</param>
/// <param name="Names">What an import brings, and the parameters of a func.</param>
internal sealed record Declaration(DeclarationKind Kind, int Line, string Name, string Type, Node? Value, IReadOnlyList<CallNode> Decorators, IReadOnlyList<string> Names)
{
    public bool IsExisting { get; init; }

    /// <summary>The body of a resource or module, whatever loop or condition stands around it.</summary>
    public ObjectNode Body => Bare(Value) as ObjectNode ?? throw new InvalidOperationException($"{Name} (line {Line}) has no body.");

    public CallNode? Decorator(string name) => Decorators.FirstOrDefault(one => one.Name == name);

    private static Node? Bare(Node? node) => node switch { IfNode conditional => Bare(conditional.Body), ForNode loop => Bare(loop.Body), _ => node };
}

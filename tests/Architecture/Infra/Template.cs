using System.Globalization;

namespace Holdfast.Architecture.Infra;

/// <summary>One Bicep file, and what its names stand for.</summary>
internal sealed class Template
{
    private readonly Dictionary<string, Declaration> named;

    private Template(string file, IReadOnlyList<Declaration> declarations)
    {
        File = file;
        Declarations = declarations;
        named = declarations.Where(one => one.Name.Length > 0 && one.Kind != DeclarationKind.Output).GroupBy(one => one.Name).ToDictionary(same => same.Key, same => same.First(), StringComparer.Ordinal);
    }

    public string File { get; }

    public IReadOnlyList<Declaration> Declarations { get; }

    public IEnumerable<Declaration> Params => Of(DeclarationKind.Param);

    public IEnumerable<Declaration> Resources => Of(DeclarationKind.Resource);

    public IEnumerable<Declaration> Modules => Of(DeclarationKind.Module);

    /// <summary>They have names of their own: one may be called as a param is.</summary>
    public IEnumerable<Declaration> Outputs => Of(DeclarationKind.Output);

    /// <summary>What the imports bring, each with the file it comes from.</summary>
    public IEnumerable<(string Name, string File)> Imports => Of(DeclarationKind.Import).SelectMany(import => import.Names.Select(name => (name, Beside(import.Type))));

    /// <exception cref="BicepException">The text is not understood.</exception>
    public static Template Read(string file, string text) => new(file, BicepParser.Read(file, text));

    public Declaration? this[string name] => named.GetValueOrDefault(name);

    public IEnumerable<Declaration> Of(DeclarationKind kind) => Declarations.Where(one => one.Kind == kind);

    /// <summary>Where a path that stands in this file leads to.</summary>
    public string Beside(string path) => new Uri(new Uri("file:///" + File), path).AbsolutePath[1..];

    /// <summary>Every expression, with the names that stand for something in it beside the declared ones.</summary>
    public IEnumerable<(Node Node, IReadOnlyList<string> Local)> Expressions => Declarations
        .SelectMany(one => one.Decorators.SelectMany(decorator => decorator.Arguments).Concat(one.Value is null ? [] : [one.Value])
            .SelectMany(node => Within(node, one.Kind == DeclarationKind.Func ? one.Names : [])));

    /// <summary>"string", "int", "bool", "object", "array", or null where that cannot be said.</summary>
    public string? KindOf(Node node) => node switch
    {
        TextNode => "string",
        NumberNode => "int",
        WordNode { Value: "true" or "false" } => "bool",
        ObjectNode => "object",
        ListNode or ForNode => "array",
        ChoiceNode choice => KindOf(choice.Yes) is { } kind && KindOf(choice.No) == kind ? kind : null,
        OperationNode { Sign: "!" or "==" or "!=" or "&&" or "||" } => "bool",
        CallNode { Of: null, Name: "guid" or "uniqueString" or "toLower" or "subscriptionResourceId" or "readEnvironmentVariable" } => "string",
        CallNode { Of: null, Name: "empty" or "contains" or "bool" } => "bool",
        CallNode { Of: null, Name: "map" } => "array",
        CallNode { Of: null, Name: "int" or "length" } => "int",
        NameNode name when this[name.Name] is { Kind: DeclarationKind.Param } param => param.Type.EndsWith("[]", StringComparison.Ordinal) ? "array" : param.Type,
        NameNode name when this[name.Name] is { Kind: DeclarationKind.Var, Value: { } value } => KindOf(value),
        MemberNode { Of: NameNode } member when Column(member) is { Count: > 0 } values => values.Select(KindOf).Distinct().ToList() is [{ } kind] ? kind : null,
        _ => null,
    };

    /// <summary>The values that an expression can have, as texts, or null where it may be anything.</summary>
    public IReadOnlyList<string>? Possible(Node node) => node switch
    {
        { Literal: { } text } => [text],
        NumberNode number => [number.Value],
        ChoiceNode choice => Possible(choice.Yes) is { } yes && Possible(choice.No) is { } no ? [.. yes, .. no] : null,
        NameNode name when this[name.Name]?.Decorator("allowed") is { Arguments: [ListNode allowed] } => [.. allowed.Items.SelectMany(item => Possible(item)!)],

        // What the variable holds is read when the file is compiled, which refuses it then.
        CallNode { Of: null, Name: "readEnvironmentVariable", Arguments: [_, var otherwise] } => Possible(otherwise),
        MemberNode { Of: NameNode } member when Column(member) is { Count: > 0 } values && values.All(value => Possible(value) is not null) => [.. values.SelectMany(value => Possible(value)!)],
        _ => null,
    };

    /// <summary>Between which whole numbers an expression lies; null where that cannot be said.</summary>
    public (long Least, long Most)? Range(Node node)
    {
        if (node is NameNode name && this[name.Name] is { Kind: DeclarationKind.Param, Type: "int" } param && param.Decorator("allowed") is null)
        {
            return (Bound(param, "minValue") ?? long.MinValue, Bound(param, "maxValue") ?? long.MaxValue);
        }

        var numbers = Possible(node)?.Select(value => long.TryParse(value, out var number) ? number : (long?)null).ToList();
        return numbers is { Count: > 0 } && !numbers.Contains(null) ? (numbers.Min()!.Value, numbers.Max()!.Value) : null;
    }

    /// <summary>Of 'row.column', where row is one of a table of objects: what each row has there.</summary>
    public IReadOnlyList<Node>? Column(MemberNode member) =>
        member.Of is NameNode row && this[row.Name]?.Value is IndexNode { Of: NameNode table } && this[table.Name]?.Value is ObjectNode rows
            && rows.Properties.Select(one => (one.Value as ObjectNode)?[member.Name]).ToList() is var values && !values.Contains(null) ? [.. values.Select(value => value!)] : null;

    private static long? Bound(Declaration param, string decorator) =>
        param.Decorator(decorator) is { Arguments: [NumberNode number] } ? long.Parse(number.Value, CultureInfo.InvariantCulture) : null;

    private static IEnumerable<(Node Node, IReadOnlyList<string> Local)> Within(Node node, IReadOnlyList<string> local)
    {
        IReadOnlyList<string> inside = node switch { LambdaNode lambda => [.. local, .. lambda.Names], ForNode loop => [.. local, .. loop.Names], _ => local };
        return node.Inner.SelectMany(inner => Within(inner, node is ForNode loop && ReferenceEquals(inner, loop.Source) ? local : inside)).Prepend((node, local));
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Architecture.Infra;

/// <summary>
/// What a compiler would say of infra-bicep, as far as it can be said without one; and what this house asks beyond that. Each rule answers
/// with what breaks it, as file:line fact.
/// </summary>
/// <param name="files">Every file below infra-bicep, by its path there.</param>
internal sealed partial class TemplateCheck(IReadOnlyDictionary<string, string> files)
{
    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        "bool", "contains", "deployer", "empty", "environment", "guid", "int", "items", "length", "loadJsonContent", "map", "readEnvironmentVariable", "replace",
        "resourceGroup", "split", "subscription", "subscriptionResourceId", "take", "tenant", "toLower", "union", "uniqueString",
    };

    /// <exception cref="BicepException">A file is not understood.</exception>
    public IReadOnlyList<Template> Templates { get; } = [.. files.Where(file => file.Key.EndsWith(".bicep", StringComparison.Ordinal)).Select(file => Template.Read(file.Key, file.Value))];

    /// <exception cref="BicepException">A file is not understood.</exception>
    public IReadOnlyList<Template> Parameters { get; } = [.. files.Where(file => file.Key.EndsWith(".bicepparam", StringComparison.Ordinal)).Select(file => Template.Read(file.Key, file.Value))];

    public ResourceList Resources { get; } = ResourceList.Read(files["resources.json"]);

    private IEnumerable<Template> All => Templates.Concat(Parameters);

    /// <summary>A resource type or property that the published reference does not have, or a value of the wrong kind.</summary>
    public IEnumerable<string> AgainstTheReference() =>
        Templates.SelectMany(template => template.Resources.SelectMany(resource => ResourceCheck.Of(template, resource, Resources)));

    /// <summary>An entry of resources.json that nobody uses: it would let things in unseen.</summary>
    public IEnumerable<string> ListedInVain()
    {
        var used = Templates.SelectMany(template => template.Resources).SelectMany(resource => new[] { resource.Type, $"{resource.Type} {resource.Body["name"]?.Literal}" }).ToHashSet();
        return Resources.Types.Keys.Where(type => !used.Contains(type)).Select(type => $"resources.json: nobody uses {type}.");
    }

    /// <summary>A name that stands for nothing, or that stands for two things.</summary>
    public IEnumerable<string> Undeclared()
    {
        foreach (var template in All)
        {
            var known = template.Declarations.Where(one => one.Name.Length > 0 && one.Kind != DeclarationKind.Output).Select(one => one.Name)
                .Concat(template.Imports.Select(import => import.Name)).ToList();
            foreach (var twice in known.GroupBy(name => name).Concat(template.Outputs.GroupBy(output => output.Name, output => output.Name)).Where(same => same.Count() > 1))
            {
                yield return $"{template.File}: {twice.Key} is declared {twice.Count()} times.";
            }

            foreach (var (node, local) in template.Expressions)
            {
                var name = node switch { NameNode one => one.Name, CallNode { Of: null } call => call.Name, _ => null };
                var functions = node is CallNode ? Functions : [];
                if (name is not null && !known.Contains(name) && !local.Contains(name) && !functions.Contains(name))
                {
                    yield return $"{template.File}:{node.Line} {name} is not declared{(node is CallNode ? ", and no function that is known here" : "")}.";
                }
            }

            foreach (var extension in template.Of(DeclarationKind.Extension).Where(extension => !IsConfigured(extension.Type)))
            {
                yield return $"{template.File}:{extension.Line} bicepconfig.json has no extension {extension.Type}.";
            }

            foreach (var (name, file) in template.Imports)
            {
                if (Templates.FirstOrDefault(one => one.File == file)?[name]?.Decorator("export") is null)
                {
                    yield return $"{template.File}: {file} exports no {name}.";
                }
            }
        }
    }

    /// <summary>A param, var or import that nobody reads.</summary>
    public IEnumerable<string> Unread() => All.SelectMany(template =>
    {
        var read = template.Expressions.Select(one => one.Node).Select(node => node switch { NameNode name => name.Name, CallNode { Of: null } call => call.Name, _ => "" }).ToHashSet();
        var isParameters = template.Of(DeclarationKind.Using).Any();
        return template.Declarations.Where(one => one.Kind == DeclarationKind.Var || (one.Kind == DeclarationKind.Param && !isParameters)).Select(one => one.Name)
            .Concat(template.Imports.Select(import => import.Name)).Where(name => !read.Contains(name)).Select(name => $"{template.File}: nobody reads {name}.");
    });

    /// <summary>A member of a module, resource, var or JSON file that is not there.</summary>
    public IEnumerable<string> MissingMembers() =>
        from template in All
        from expression in template.Expressions
        where expression.Node is MemberNode
        let member = (MemberNode)expression.Node
        let chain = member.Chain
        where chain.Root is NameNode && !template.Expressions.Any(other => other.Node is MemberNode longer && ReferenceEquals(longer.Of, member))
        let declaration = template[((NameNode)chain.Root).Name]
        where declaration is not null && !Has(template, declaration, chain.Path)
        select $"{template.File}:{member.Line} {declaration.Name} has no {chain.Path}.";

    /// <summary>A module that is not given what it needs, or is given what it has not, or something of another kind or that is not allowed.</summary>
    public IEnumerable<string> ModuleParams()
    {
        foreach (var (template, module) in Templates.SelectMany(template => template.Modules.Select(module => (template, module))))
        {
            var at = $"{template.File}:{module.Line} {module.Name}";
            if (Templates.FirstOrDefault(one => one.File == template.Beside(module.Type)) is not { } inner)
            {
                yield return $"{at}: there is no {module.Type}.";
                continue;
            }

            foreach (var fact in Given(template, (module.Body["params"] as ObjectNode)?.Properties.Select(property => (property.Name, property.Value)) ?? [], inner))
            {
                yield return $"{at}: {fact}";
            }
        }
    }

    /// <summary>A file of parameters that leaves one out that is needed, or names one that there is not.</summary>
    public IEnumerable<string> ParameterFiles() => Parameters.SelectMany(file => file.Of(DeclarationKind.Using).SingleOrDefault() is not { } of
        ? [$"{file.File}: it does not say which template it is for ('using')."]
        : Templates.FirstOrDefault(one => one.File == file.Beside(of.Type)) is not { } template ? [$"{file.File}: there is no {of.Type}."]
        : Given(file, file.Params.Select(param => (param.Name, param.Value!)), template).Select(fact => $"{file.File}: {fact}"));

    /// <summary>A key where an identity would do, and whatever could carry a secret out.</summary>
    public IEnumerable<string> Secrets() => All.SelectMany(template => template.Expressions
        .Where(one => one.Node is CallNode call && call.Name.StartsWith("list", StringComparison.OrdinalIgnoreCase))
        .Select(one => $"{template.File}:{one.Node.Line} {((CallNode)one.Node).Name} fetches keys.")
        .Concat(template.Expressions.Where(one => one.Node is TextNode text && text.Parts.OfType<string>().Any(part => Keys().IsMatch(part)))
            .Select(one => $"{template.File}:{one.Node.Line} a text with a key in it."))
        .Concat(template.Outputs.Where(output => output.Value!.All.OfType<NameNode>().Any(name => template[name.Name]?.Decorator("secure") is not null))
            .Select(output => $"{template.File}:{output.Line} {output.Name} gives a secret out.")));

    /// <summary>A role by an id that is not in roles.json.</summary>
    public IEnumerable<string> Roles()
    {
        var listed = JsonDocument.Parse(files["roles.json"]).RootElement.EnumerateObject().Select(role => role.Name).ToHashSet();
        foreach (var (template, assignment) in Templates.SelectMany(template => template.Resources
            .Where(resource => resource.Type.StartsWith("Microsoft.Authorization/roleAssignments@", StringComparison.Ordinal)).Select(resource => (template, resource))))
        {
            var role = (assignment.Body["properties"] as ObjectNode)?["roleDefinitionId"] as CallNode;
            if (role is not { Name: "subscriptionResourceId", Arguments: [{ Literal: "Microsoft.Authorization/roleDefinitions" }, MemberNode { Chain: (NameNode { Name: "roles" }, var path) }] }
                || !listed.Contains(path.Split('.')[0]))
            {
                yield return $"{template.File}:{assignment.Line} {assignment.Name}: its role is none of roles.json.";
            }

            if (assignment.Body["scope"] is not NameNode scope || template[scope.Name]?.Kind != DeclarationKind.Resource)
            {
                yield return $"{template.File}:{assignment.Line} {assignment.Name}: it is not bound to one resource. Give 'scope'.";
            }
        }

        var read = Templates.SelectMany(template => template.Expressions).Select(one => one.Node).OfType<MemberNode>()
            .Where(member => member.Of is NameNode { Name: "roles" }).Select(member => member.Name).ToHashSet();
        foreach (var unused in listed.Where(name => !read.Contains(name)))
        {
            yield return $"roles.json: nobody uses {unused}.";
        }
    }

    /// <summary>A resource that is not named by names.bicep. What stands in another resource has a name of its own, and an assignment a guid.</summary>
    public IEnumerable<string> Names()
    {
        foreach (var template in Templates)
        {
            foreach (var resource in template.Resources.Where(resource => resource.Body["parent"] is null && !resource.IsExisting))
            {
                var name = resource.Body["name"] ?? resource.Body["uniqueName"];
                var isRight = name switch
                {
                    null or CallNode { Of: null, Name: "guid" } => true,
                    NameNode param when template[param.Name]?.Kind == DeclarationKind.Param => Givers(template.File, param.Name).All(IsByRule),
                    _ => IsByRule(name),
                };
                if (!isRight)
                {
                    yield return $"{template.File}:{resource.Line} {resource.Name}: its name is not made by names.bicep.";
                }
            }
        }
    }

    private bool IsConfigured(string extension) =>
        files.TryGetValue("bicepconfig.json", out var config) && Holds(JsonDocument.Parse(config).RootElement, ["extensions", extension]);

    private static bool IsByRule(Node? name) => name is CallNode { Of: null, Name: "nameOf" or "bareNameOf" };

    private IEnumerable<Node?> Givers(string file, string param) => Templates.SelectMany(template => template.Modules.Where(module => template.Beside(module.Type) == file))
        .Select(module => (module.Body["params"] as ObjectNode)?[param]);

    private bool Has(Template template, Declaration declaration, string path) => declaration.Kind switch
    {
        DeclarationKind.Module => path.Split('.') is ["name"] or ["outputs"]
            || (path.Split('.') is ["outputs", var output] && Templates.Where(one => one.File == template.Beside(declaration.Type)).SelectMany(one => one.Outputs).Any(one => one.Name == output)),
        DeclarationKind.Resource => Resources[declaration.Type, declaration.Body["name"]?.Literal] is not { } type || type.Read.ContainsKey(path),
        DeclarationKind.Var when declaration.Value is CallNode { Of: null, Name: "loadJsonContent", Arguments: [{ Literal: { } json }] } =>
            files.TryGetValue(template.Beside(json), out var text) && Holds(JsonDocument.Parse(text).RootElement, path.Split('.')),
        DeclarationKind.Var when declaration.Value is ObjectNode value => value[path.Split('.')[0]] is not null,
        DeclarationKind.Var when declaration.Value is IndexNode => template.Column(new MemberNode(0, new NameNode(0, declaration.Name), path)) is not null,
        _ => true,
    };

    private static bool Holds(JsonElement element, IReadOnlyList<string> path) =>
        path.Count == 0 || (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(path[0], out var inner) && Holds(inner, [.. path.Skip(1)]));

    private static IEnumerable<string> Given(Template from, IEnumerable<(string Name, Node Value)> given, Template to)
    {
        var values = given.ToList();
        foreach (var (name, value) in values)
        {
            if (to[name] is not { Kind: DeclarationKind.Param } param)
            {
                yield return $"{to.File} has no param {name}.";
            }
            else if (from.KindOf(value) is { } kind && kind != (param.Type.EndsWith("[]", StringComparison.Ordinal) ? "array" : param.Type))
            {
                yield return $"{name} is given a value of kind {kind}, and is {param.Type}.";
            }
            else if (param.Decorator("allowed") is not null && to.Possible(new NameNode(0, name)) is { } allowed)
            {
                var possible = from.Possible(value);
                if (possible is null || possible.Except(allowed).Any())
                {
                    yield return $"{name} may be {(possible is null ? "anything" : string.Join(", ", possible))}; allowed is {string.Join(", ", allowed)}.";
                }
            }
        }

        foreach (var (name, value) in values.Where(one => to[one.Name] is { Kind: DeclarationKind.Param }))
        {
            if (to.Range(new NameNode(0, name)) is var (least, most) && from.Range(value) is var (lowest, highest) && (lowest < least || highest > most))
            {
                yield return $"{name} may be {Said(lowest)} to {Said(highest)}; allowed is {Said(least)} to {Said(most)}.";
            }
        }

        foreach (var missing in to.Params.Where(param => param.Value is null && values.All(value => value.Name != param.Name)))
        {
            yield return $"{missing.Name} is not given.";
        }
    }

    private static string Said(long number) => number is long.MinValue or long.MaxValue ? "any" : number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("AccountKey|SharedAccess|Password=|Pwd=|InstrumentationKey=|api-key", RegexOptions.IgnoreCase)]
    private static partial Regex Keys();
}

namespace Holdfast.Architecture.Infra;

/// <summary>One resource against the published reference: no property that the type has not, no value of the wrong kind, nothing required left out.</summary>
internal sealed class ResourceCheck
{
    // What Bicep itself reads in a resource's body.
    private static readonly string[] OfBicep = ["parent", "scope", "dependsOn"];

    private readonly Template template;
    private readonly Declaration resource;
    private readonly ResourceType type;
    private readonly List<string> found = [];

    private ResourceCheck(Template template, Declaration resource, ResourceType type) => (this.template, this.resource, this.type) = (template, resource, type);

    public static IEnumerable<string> Of(Template template, Declaration resource, ResourceList list)
    {
        var at = $"{template.File}:{resource.Line} {resource.Name}";
        if (list[resource.Type, resource.Body["name"]?.Literal] is not { } type)
        {
            return [$"{at}: {resource.Type} is not in resources.json. Look it up in the published reference and add it with its source."];
        }

        var check = new ResourceCheck(template, resource, type);
        check.Object(resource.Body, "");
        return check.found.Concat(Parent(template, resource, at));
    }

    private static IEnumerable<string> Parent(Template template, Declaration resource, string at)
    {
        var segments = resource.Type.Split('@')[0].Split('/');
        var isChild = segments.Length > 2;
        switch (resource.Body["parent"])
        {
            case null when isChild:
                return [$"{at}: {segments[^1]} stands in something. Give 'parent'."];
            case NameNode name when template[name.Name] is { Kind: DeclarationKind.Resource } parent:
                var expected = string.Join('/', segments[..^1]);
                return parent.Type.Split('@')[0] == expected ? [] : [$"{at}: its parent is {parent.Type}, which is no {expected}."];
            case null:
                return [];
            default:
                return [$"{at}: its parent is no resource of this file."];
        }
    }

    private void Object(ObjectNode node, string path)
    {
        foreach (var property in node.Properties.Where(property => path.Length > 0 || !OfBicep.Contains(property.Name)))
        {
            var inner = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            if (!IsKnown(inner) && !IsKnown($"{path}.*"))
            {
                found.Add(Fact(property.Value, $"{inner} is not in resources.json. Look it up in the published reference of {resource.Type}."));
                continue;
            }

            Value(property.Value, IsKnown(inner) ? inner : $"{path}.*");
        }

        var given = node.Properties.Select(property => path.Length == 0 ? property.Name : $"{path}.{property.Name}").ToList();
        found.AddRange(type.Required.Where(required => Holder(required) == path && !given.Contains(required) && !resource.IsExisting)
            .Select(required => Fact(node, $"{required} is required and not given.")));
    }

    private void Value(Node node, string path)
    {
        switch (node)
        {
            case ChoiceNode choice:
                Value(choice.Yes, path);
                Value(choice.No, path);
                break;
            case ForNode loop when IsKnown(path + "[]"):
                Value(loop.Body, path + "[]");
                break;
            case CallNode { Of: null, Name: "map", Arguments: [_, LambdaNode each] } when IsKnown(path + "[]"):
                Value(each.Body, path + "[]");
                break;
            case CallNode { Of: null, Name: "union" } union:
                foreach (var argument in union.Arguments)
                {
                    Value(argument, path);
                }

                break;
            case ObjectNode inner when Leaf(path) is null && !IsKnown(path + "[]"):
                Object(inner, path);
                break;
            case ObjectNode { Properties: [] } when Leaf(path) is "object":
                break;
            case ListNode list when IsKnown(path + "[]"):
                foreach (var item in list.Items)
                {
                    Value(item, path + "[]");
                }

                break;
            default:
                Plain(node, path);
                break;
        }
    }

    private void Plain(Node node, string path)
    {
        var kind = template.KindOf(node);
        var expected = Leaf(path) ?? (IsKnown(path + "[]") ? "array" : "object");
        var choices = expected.Split(" | ");
        if (node.Literal is { } text && choices[0].StartsWith('\'') && !choices.Contains($"'{text}'"))
        {
            found.Add(Fact(node, $"{path} is '{text}'. The published values are {expected}."));
        }
        else if (kind is not null && expected != "any" && kind != (choices[0].StartsWith('\'') ? "string" : expected))
        {
            found.Add(Fact(node, $"{path} is given a value of kind {kind}; the reference says {expected}."));
        }
    }

    private string? Leaf(string path) => type.Set.GetValueOrDefault(path);

    // Listed, or on the way to something listed.
    private bool IsKnown(string path) => type.Set.Keys.Any(known => known == path
        || (known.StartsWith(path, StringComparison.Ordinal) && known[path.Length] is '.' or '['));

    private static string Holder(string path) => path.LastIndexOf('.') is >= 0 and var dot ? path[..dot] : "";

    private string Fact(Node node, string fact) => $"{template.File}:{node.Line} {resource.Name}: {fact}";
}

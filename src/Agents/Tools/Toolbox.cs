using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Holdfast.Agents.Tools;

/// <summary>The tools that a host offers to its agents, by name. Which of them an agent may use is said by its agent.yaml.</summary>
public sealed class Toolbox
{
    private readonly SortedDictionary<string, Tool> tools = new(StringComparer.Ordinal);

    /// <exception cref="ToolRefusedException">Two tools have one name.</exception>
    public Toolbox(IEnumerable<Tool> tools)
    {
        foreach (var tool in tools)
        {
            Add(tool, "a tool made by hand");
        }
    }

    /// <summary>Every name, sorted by code unit.</summary>
    public IReadOnlyList<string> Names => [.. tools.Keys];

    /// <summary>
    /// The methods of these instances that are marked with <see cref="ToolAttribute"/>. An instance is used for every call, from many
    /// threads at once; nothing else is searched.
    /// </summary>
    /// <exception cref="ToolRefusedException">A method that cannot be a tool, or an instance without one. Names type, method and
    /// remedy.</exception>
    public static Toolbox From(params object[] instances)
    {
        var toolbox = new Toolbox([]);
        foreach (var instance in instances)
        {
            toolbox.AddMethodsOf(instance);
        }

        return toolbox;
    }

    public bool TryFind(string name, [NotNullWhen(true)] out Tool? tool) => tools.TryGetValue(name, out tool);

    /// <summary>These tools and the other's.</summary>
    /// <exception cref="ToolRefusedException">Two tools have one name.</exception>
    public Toolbox And(Toolbox other) => new(tools.Values.Concat(other.tools.Values));

    private void AddMethodsOf(object instance)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;
        var type = instance.GetType();
        var methods = type.GetMethods(All).Select(m => (Method: m, Tool: m.GetCustomAttribute<ToolAttribute>()));
        var marked = methods.Where(m => m.Tool is not null).ToArray();
        if (marked.Length == 0)
        {
            throw new ToolRefusedException($"{type.Name} has no method marked with [Tool]. Mark one, or leave the instance out.");
        }

        foreach (var (method, attribute) in marked)
        {
            Add(ToolMethod.Read(instance, method, attribute!), $"{type.Name}.{method.Name}");
        }
    }

    private void Add(Tool tool, string from)
    {
        if (!tools.TryAdd(tool.Name, tool))
        {
            throw new ToolRefusedException($"{from}: a tool named '{tool.Name}' is already registered. Rename one of them.");
        }
    }
}

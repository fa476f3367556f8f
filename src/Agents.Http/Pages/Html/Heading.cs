using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Agents.Http.Pages.Html;

/// <summary>The small heading of a section, one level below what it belongs to: its look does not depend on its level.</summary>
public sealed class Heading : ComponentBase
{
    /// <summary>2 or 3.</summary>
    [Parameter, EditorRequired]
    public required int Level { get; set; }

    [Parameter, EditorRequired]
    public required string Text { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, Level == 2 ? "h2" : "h3");
        builder.AddAttribute(1, "class", "sub");
        builder.AddContent(2, Text);
        builder.CloseElement();
    }
}

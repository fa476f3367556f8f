using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Agents.Http.Pages.Html;

/// <summary>Text that is not ours, in a frame of its own direction: what would not be seen is a label, what could pass for another is marked.</summary>
public sealed class Words : ComponentBase
{
    [Parameter, EditorRequired]
    public required VisibleText Text { get; set; }

    /// <summary>Whether the rest is there on demand; else an ellipsis stands for it.</summary>
    [Parameter]
    public bool Fold { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "bdi");
        Runs(builder, Text.Shown);
        builder.AddContent(1, Text.Rest.Count > 0 ? "…" : "");
        builder.CloseElement();
        if (Fold && Text.Rest.Count > 0)
        {
            builder.OpenElement(2, "details");
            builder.AddAttribute(3, "class", "rest");
            builder.AddMarkupContent(4, "<summary>Show the rest</summary>");
            builder.OpenElement(5, "bdi");
            builder.AddContent(6, "…");
            Runs(builder, Text.Rest);
            builder.CloseElement();
            builder.CloseElement();
        }
    }

    private static void Runs(RenderTreeBuilder builder, IReadOnlyList<TextRun> runs)
    {
        foreach (var run in runs)
        {
            if (run.Kind == TextRunKind.Plain)
            {
                builder.AddContent(10, run.Text);
                continue;
            }

            builder.OpenElement(11, "mark");
            builder.AddAttribute(12, "class", run.Kind == TextRunKind.Hidden ? "hid" : "alike");
            builder.AddAttribute(13, "title", run.Why);
            builder.AddContent(14, run.Text);
            if (run.Kind == TextRunKind.LookAlike)
            {
                builder.OpenElement(15, "small");
                builder.AddContent(16, run.Why);
                builder.CloseElement();
            }

            builder.CloseElement();
        }
    }
}

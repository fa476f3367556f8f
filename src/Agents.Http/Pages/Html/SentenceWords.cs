using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Agents.Http.Pages.Html;

/// <summary>A sentence whose values are seen to be values.</summary>
public sealed class SentenceWords : ComponentBase
{
    private const int ShortValue = 60;

    [Parameter, EditorRequired]
    public required Sentence Sentence { get; set; }

    /// <summary>Whether it stands in a list, where the beginning of each value is enough.</summary>
    [Parameter]
    public bool Short { get; set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        foreach (var part in Sentence.Parts)
        {
            builder.OpenElement(0, part.IsValue ? "b" : "span");
            builder.OpenComponent<Words>(1);
            builder.AddComponentParameter(2, nameof(Words.Text), Short ? part.Text.UpTo(ShortValue) : part.Text);
            builder.CloseComponent();
            builder.CloseElement();
        }
    }
}

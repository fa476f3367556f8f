using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Json;
using Holdfast.Agents.Wording;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>A form's inputs as a decision.</summary>
internal sealed class DecisionReading(IFormCollection form, DossierCase one, ApprovalFilling filling, Reader reader)
{
    private const int LongestReason = 2000;

    private readonly Dictionary<string, string> errors = [];

    /// <summary>By the names of the inputs; empty when all can be read.</summary>
    public IReadOnlyDictionary<string, string> Errors => errors;

    public IReadOnlyDictionary<string, string> Typed => form.Where(one => one.Key is not ("nonce" or "code" or "approval")).ToDictionary(one => one.Key, one => one.Value.ToString());

    public Decision Read()
    {
        var kind = form["decide"].ToString();
        var reason = form["reason"].ToString().Trim().ReplaceLineEndings("\n");
        if (reason.Length > LongestReason)
        {
            errors["reason"] = $"It has {reason.Length} characters; at most {LongestReason} are taken.";
        }

        if (kind != Decisions.Edit && IsEdited())
        {
            errors[filling.Editable(one)[0].Name] = "Something was changed here. Press the button that approves it as changed, or change it back.";
        }

        return new Decision(kind, reason.Length > 0 ? reason : null, kind switch
        {
            Decisions.Answer => Answer(),
            Decisions.Happened => Result(),
            _ => null,
        }, kind == Decisions.Edit ? Arguments() : null)
        { Way = Ways.Page };
    }

    private JsonElement? Answer()
    {
        if (ApprovalFilling.Answer(one) is not { } field)
        {
            return null; // it is no question, which is said by who takes the decision
        }

        if (field.TryRead(form["answer"].ToString(), reader, out var value, out var error))
        {
            return value;
        }

        errors["answer"] = error;
        return null;
    }

    private JsonElement? Result()
    {
        var text = form["result"].ToString();
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        try
        {
            return CanonicalJson.Parse(CanonicalJson.Write(CanonicalJson.Parse(text)));
        }
        catch (JsonRefusedException e)
        {
            errors["result"] = $"This is no JSON: {e.Message}";
            return null;
        }
    }

    // Nobody says yes to values that they believe to have changed.
    private bool IsEdited() => filling.Editable(one).Any(field => form.TryGetValue(field.Name, out var typed) && typed.ToString().ReplaceLineEndings("\n") != field.Value.ReplaceLineEndings("\n"));

    private JsonElement? Arguments()
    {
        var arguments = JsonNode.Parse(one.View.Arguments.GetRawText())!.AsObject();
        foreach (var field in filling.Editable(one))
        {
            if (!form.TryGetValue(field.Name, out var typed) || typed.ToString() == field.Value)
            {
                continue;
            }

            if (field.TryRead(typed.ToString(), reader, out var value, out var error))
            {
                arguments[field.Name["arg.".Length..]] = JsonNode.Parse(value.GetRawText());
            }
            else
            {
                errors[field.Name] = error;
            }
        }

        return JsonSerializer.SerializeToElement(arguments);
    }
}

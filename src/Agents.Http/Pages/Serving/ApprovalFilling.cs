using System.Text.Json;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Holdfast.Agents.Json;
using Holdfast.Agents.Links;
using Holdfast.Agents.Wording;
using Question = Holdfast.Agents.Approvals.Question;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>How somebody stands before an approval's page.</summary>
/// <param name="Name">To whom its forms are bound.</param>
/// <param name="IsLink">Whether a link alone says who they are.</param>
/// <param name="MaySeeRun">Whether they may see the whole run.</param>
/// <param name="IsOver">Whether the link still shows, and decides nothing any more.</param>
internal sealed record Standing(PageReader Name, bool IsLink, bool MaySeeRun, int TriesLeft = Link.MostTries, bool IsOver = false);

/// <summary>A dossier as a page.</summary>
internal sealed class ApprovalFilling(Dossier dossier, Reader reader, Standing standing, LinkKeys keys)
{
    /// <param name="returned">What was typed into the form of one of them, where it comes back.</param>
    public ApprovalPage Page(SignedIn? signedIn, Returned? returned = null, params IReadOnlyList<Notice> notices) => new()
    {
        Reader = reader,
        Now = dossier.Now,
        SignedIn = signedIn,
        Agent = dossier.Run.Agent,
        RequestedBy = Named(dossier.Run.RequestedBy),
        Notices = notices,
        Items = [.. dossier.Cases.Where(one => !one.IsReplaced).Select(one => Item(one, returned))],
        Before = [.. TimeLines.Of(dossier.Before, Named(dossier.Run.RequestedBy))],
        Run = standing.MaySeeRun ? $"/runs/{dossier.Run.Id}" : null,
    };

    /// <summary>Which fields a form of this approval has, by what it asks for.</summary>
    public IReadOnlyList<FormField> Editable(DossierCase one) => one.Schema is not { } schema || !schema.TryGetProperty("properties", out var properties) ? []
        : [.. one.View.Editable.Select(name => properties.TryGetProperty(name, out var property)
            ? FormField.Of($"arg.{name}", name, property, one.View.Arguments.TryGetProperty(name, out var value) ? value : null, reader) : null).OfType<FormField>()];

    public static FormField? Answer(DossierCase one)
    {
        if (one.View.Kind != "question")
        {
            return null;
        }

        var question = Question.Of(one.View.Arguments);
        return new FormField("answer", "Your answer", question.Kind switch
        {
            Question.OfChoice => FieldKind.Choice,
            Question.OfNumber => FieldKind.Number,
            Question.OfDate => FieldKind.Date,
            _ => FieldKind.LongText,
        }, "")
        {
            Options = [.. question.Choices.Select(choice => (JsonSerializer.Serialize(choice), choice))],
        };
    }

    /// <summary>A digest of all that the page shows of one approval.</summary>
    public string Shown(DossierCase one) => Digest.OfText(string.Join('\n', [
        one.View.Digest, Sentence(one).Line(), one.View.Tool, one.View.Arguments.GetRawText(), one.View.Proposed?.GetRawText() ?? "", one.View.ExpiresAt?.ToString("O") ?? "",
        dossier.Run.Id, dossier.Run.RequestedBy, reader.Language ?? "", .. Warnings(one), .. one.View.Votes.Select(vote => $"{vote.By} {vote.Decision}"),
    ]));

    public bool NeedsCode(DossierCase one) => standing.IsLink && one.Terms is { Identity: LinkIdentity.Link, Confirm: LinkConfirm.Code };

    private ApprovalItem Item(DossierCase one, Returned? returned) => new()
    {
        Approval = one.View.Id,
        Kind = KindOf(one.View.Kind),
        Sentence = Sentence(one),
        Tool = one.View.Tool,
        Arguments = one.View.Arguments,
        Proposed = one.View.Proposed,
        Digest = one.View.Digest,
        Risk = one.Risk,
        AskedAt = one.View.RequestedAt,
        Until = one.View.ExpiresAt,
        Stages = [.. one.View.Stages.Select((stage, at) => Stage(one, stage, at))],
        Warnings = Warnings(one),
        Form = MayDecide(one) ? Form(one, returned?.Approval == one.View.Id ? returned : null) : null,
        Standing = one.View.Status == "pending" ? StandingOf(one) : null,
        Verdict = VerdictOf(one.View, Named),
    };

    public static ItemKind KindOf(string kind) => kind switch { "question" => ItemKind.Question, "inDoubt" => ItemKind.InDoubt, _ => ItemKind.Approval };

    public static Verdict? VerdictOf(ApprovalView view, Func<string, string> named) => view.Status == "pending" ? null : new(view.Status switch
    {
        "approved" => VerdictKind.Approved,
        "rejected" => VerdictKind.Rejected,
        "expired" => VerdictKind.Expired,
        "void" => VerdictKind.Void,
        "superseded" => VerdictKind.Superseded,
        _ => view.Decision switch { "happened" => VerdictKind.Happened, "runAgain" => VerdictKind.RunAgain, "giveUp" => VerdictKind.GivenUp, _ => VerdictKind.Answered },
    })
    {
        By = view.DecidedBy is { } by ? named(by) : null,
        At = view.DecidedAt,
        Reason = view.Reason,
        Note = view.Note,
        Result = view.Result,
        ExecutedAt = view.ConsumedAt,
        AskedAnewAt = view.SupersededBy is { } next ? $"/approvals/{next}" : null,
    };

    public static Sentence SentenceOf(ApprovalView view, string? describe, Reader reader) => view.Kind == "question"
        ? Wording.Sentence.OfQuestion(Question.Of(view.Arguments).Text)
        : Wording.Sentence.Of(Template.ParseOrNull(describe), view.Tool, view.Arguments, reader);

    private Sentence Sentence(DossierCase one) => SentenceOf(one.View, one.Describe, reader);

    private bool IsSignInMissing(DossierCase one) => standing.IsLink && one.Terms.Identity == LinkIdentity.SignedIn;

    private bool MayDecide(DossierCase one) => one is { View.Status: "pending", Refusal: null, Own: null } && !IsSignInMissing(one) && !standing.IsOver && (!NeedsCode(one) || standing.TriesLeft > 0);

    private string? StandingOf(DossierCase one) => one switch
    {
        { Own: { } own } => $"You have {Decisions.Said(own.Decision)}. It goes on when the others have decided.",
        { Refusal: { } refusal } => refusal,
        _ when IsSignInMissing(one) => "For this decision the link alone is not enough: sign in as the person who was asked.",
        _ when standing.IsOver => LinkPages.Over,
        _ when NeedsCode(one) && standing.TriesLeft == 0 => "The digits were wrong five times, so this link decides nothing any more. Sign in to decide, or wait for the next message.",
        _ => null,
    };

    private DecisionForm Form(DossierCase one, Returned? returned) =>
        new(PageNonce.Write(keys, standing.Name, one.View.Id, one.View.Digest, Shown(one), dossier.Now), one.View.Decisions)
        {
            NeedsCode = NeedsCode(one),
            TriesLeft = standing.TriesLeft < Link.MostTries ? standing.TriesLeft : null,
            Editable = [.. Editable(one).Select(field => returned?.Typed.GetValueOrDefault(field.Name) is { } typed ? field with { Value = typed } : field)],
            Answer = Answer(one) is { } answer ? returned?.Typed.GetValueOrDefault("answer") is { } said ? answer with { Value = said } : answer : null,
            Sent = returned?.Typed.GetValueOrDefault("decide"),
            Reason = returned?.Typed.GetValueOrDefault("reason"),
            Result = returned?.Typed.GetValueOrDefault("result"),
            Errors = returned?.Errors ?? new Dictionary<string, string>(),
        };

    private static List<string> Warnings(DossierCase one)
    {
        List<string> warnings = [];
        if (one.Untrusted.Count > 0)
        {
            warnings.Add($"Before this the agent read what strangers may have written ({string.Join(", ", one.Untrusted)}). Look at the values, not at the reasons.");
        }

        if (one.View is { Kind: "inDoubt", Note: { } note })
        {
            warnings.Add(note);
        }

        return warnings;
    }

    private StageProgress Stage(DossierCase one, Approvals.StageProgress stage, int at) => new(
        string.Join(" or ", stage.By.Select(Spelled)), stage.Of,
        [.. one.View.Votes.Where(vote => stage.Who.Contains(vote.By)).Select(vote => new StageVote(Named(vote.By), vote.Decision, vote.At))],
        stage.Have >= stage.Of ? StageState.Done : one.View.Stages.Take(at).All(before => before.Have >= before.Of) ? StageState.Open : StageState.Later);

    private string Spelled(string selector) => selector.Split(':', 2) is [var kind, var name] && kind == "user" ? Named(name) : selector[(selector.IndexOf(':', StringComparison.Ordinal) + 1)..];

    private string Named(string id) => dossier.People.GetValueOrDefault(id, id);
}

/// <summary>What was typed into a form that comes back, and what is wrong with it.</summary>
/// <param name="Typed">By the names of its inputs.</param>
/// <param name="Errors">By the names of its inputs.</param>
internal sealed record Returned(string Approval, IReadOnlyDictionary<string, string> Typed, IReadOnlyDictionary<string, string> Errors);

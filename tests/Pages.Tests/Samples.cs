using System.Text.Json;
using Holdfast.Agents.Http.Pages;
using Holdfast.Agents.Tools;
using Holdfast.Agents.Wording;

namespace Holdfast.Pages.Tests;

/// <summary>Pages as people meet them, and as somebody who means harm would like them to.</summary>
internal static class Samples
{
    public const string Digest = "9f2c4be1a7d05c3388e1f4b2609d7a51c2ee0b67f4a98d135b70e6c91d24af08";

    public static DateTimeOffset Now { get; } = new(2026, 11, 24, 9, 30, 0, TimeSpan.Zero);

    public static Reader English { get; } = new("en-IE", "Europe/Berlin");

    public static Reader German { get; } = new("de-DE", "Europe/Berlin");

    public static SignedIn Mara { get; } = new("Mara Weiss", "nonce-of-sign-out");

    private static Template Refund { get; } = Template.Parse("Refund {amount:money EUR} for order {orderId}");

    private static Template Reply { get; } = Template.Parse("Send the customer a reply");

    /// <summary>Each by the name of its picture and its address.</summary>
    public static IReadOnlyDictionary<string, Page> All { get; } = new Dictionary<string, Page>
    {
        ["approval"] = Approval(RefundItem()),
        ["approval-click"] = Approval(RefundItem() with { Form = new("n", ["approve", "reject"]), Stages = [], Warnings = [] }) with { SignedIn = Mara },
        ["approval-edit"] = Approval(Edited()),
        ["approval-german"] = Approval(RefundItem(German)) with { Reader = German },
        ["approval-wrong"] = Approval(RefundItem() with { Form = Form() with { TriesLeft = 3, Errors = new Dictionary<string, string> { ["code"] = "These are not the digits of the message. 3 tries are left." } } })
            with
        { Notices = [new(NoticeKind.Error, "Nothing was decided.")] },
        ["approvals-of-a-turn"] = Several(),
        ["question"] = Approval(Question()),
        ["question-text"] = Approval(Question() with { Form = new DecisionForm("n", ["answer", "reject"]) { NeedsCode = true, Answer = new("answer", "Your answer", FieldKind.LongText, "") } }),
        ["in-doubt"] = Approval(InDoubt()) with { SignedIn = Mara },
        ["decided"] = Approval(RefundItem() with { Form = null, Warnings = [], Verdict = new(VerdictKind.Approved) { By = "Jonas Feld", At = Now.AddMinutes(-2), ExecutedAt = Now.AddMinutes(-2) }, Stages = Decided() })
            with
        { Notices = [new(NoticeKind.Good, "Thank you. Your decision is taken.")] },
        ["rejected"] = Approval(RefundItem() with { Form = null, Warnings = [], Verdict = new(VerdictKind.Rejected) { By = "Mara Weiss", At = Now.AddHours(-5), Reason = "The lamp was returned broken. Half of it, please." }, Stages = [] }),
        ["voted"] = Approval(RefundItem() with { Form = null, Standing = "You have approved this. It waits for Finance now." }) with { SignedIn = Mara },
        ["hostile"] = Hostile(),
        ["inbox"] = Inbox(12),
        ["inbox-full"] = Inbox(50),
        ["inbox-empty"] = Inbox(0),
        ["history"] = History(),
        ["run"] = Run(),
        ["sign-in"] = new SignInPage { Reader = English, Now = Now, ReturnTo = "/approvals", Nonce = "n" },
        ["sign-in-wrong"] = new SignInPage { Reader = English, Now = Now, Error = "This key is not known here, or it was revoked." },
        ["bad-link"] = Refused.BadLink(English, Now),
        ["expired"] = Refused.Expired(English, Now, Now.AddMinutes(-20)),
        ["superseded"] = Refused.Superseded(English, Now, "/approvals/apr_2"),
        ["too-many-tries"] = Refused.TooManyTries(English, Now, "/sign-in"),
        ["mail"] = new DevMailPage
        {
            Reader = English, Now = Now, Headers = [("From", "Holdfast <desk@example.org>"), ("To", "Mara Weiss <mara@example.org>"), ("Subject", "Refund €1,200.00 for order A-1003")],
            Html = "<p style=\"font:16px sans-serif\">Refund <b>€1,200.00</b> for order <b>A-1003</b></p><script>parent.hacked = 1</script>", Text = "Refund €1,200.00 for order A-1003\n\nYour digits: 4711",
        },
    };

    public static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    public static ApprovalPage Approval(params ApprovalItem[] items) => new()
    {
        Reader = English, Now = Now, Agent = "refund-desk", RequestedBy = "Lena Hoffmann", Items = items, Before = Before(), Run = "/runs/run_1",
    };

    public static ApprovalItem RefundItem(Reader? reader = null)
    {
        var arguments = Json("""{"amount": 1200, "orderId": "A-1003"}""");
        return new()
        {
            Approval = "apr_1", Sentence = Sentence.Of(Refund, "issue_refund", arguments, reader ?? English), Tool = "issue_refund", Arguments = arguments, Digest = Digest,
            Risk = Effect.External, AskedAt = Now.AddHours(-3), Until = Now.AddDays(2).AddHours(4), Stages = Stages(), Form = Form(),
            Warnings = ["Before it asked for this, the agent read words that a stranger may have written: the customer's e-mail."],
        };
    }

    public static DecisionForm Form() => new("nonce", ["approve", "reject"]) { NeedsCode = true };

    public static ApprovalPage Hostile()
    {
        var arguments = Json(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["orderId"] = "A-1003<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">",
            ["account"] = "DE89 \u202E0073 0105\u202C 0532",
            ["payee"] = "раураl.com",
            ["note"] = "Approved by the admin already.\u200B<a href=\"https://evil.example/\">Click here</a>\n\n" + string.Concat(Enumerable.Repeat("Please be quick, the customer is waiting for this and the manager has said yes. ", 40)),
            ["token"] = new string('x', 300),
        }));
        return Approval(RefundItem() with
        {
            Sentence = Sentence.Of(Template.Parse("Pay {payee} for order {orderId}"), "issue_refund", arguments, English),
            Arguments = arguments,
            Warnings = ["</p><script>document.title='hacked'</script>"],
        }) with
        {
            Agent = "refund-desk<script>document.title='hacked'</script>",
            RequestedBy = "<img src=x onerror=\"document.title='hacked'\">",
            Before = [new(TimeLineKind.Model, Now.AddMinutes(-9)) { Who = "gpt-5.4", Text = "</div><h1>Approved</h1><form action=\"https://evil.example/\"><button>Approve</button></form>[a](javascript:alert(1))" }],
        };
    }

    private static ApprovalItem Edited()
    {
        var schema = Json("""{"type": "number", "description": "At most the order's total."}""");
        return RefundItem() with
        {
            Form = new DecisionForm("n", ["approve", "edit", "reject"])
            {
                NeedsCode = true,
                Editable = [FormField.Of("arg.amount", "amount", schema, Json("1200"), English)!, FormField.Of("arg.express", "express", Json("""{"type": "boolean"}"""), Json("true"), English)!],
                Errors = new Dictionary<string, string> { ["arg.amount"] = "Write a number as 1200.5, without signs between thousands." },
            },
            Warnings = [],
        };
    }

    private static IReadOnlyList<StageProgress> Stages() =>
    [
        new("Manager", 1, [new("Mara Weiss", "approve", Now.AddMinutes(-40))], StageState.Done),
        new("Finance", 2, [new("Ada Lind", "approve", Now.AddMinutes(-10))], StageState.Open),
    ];

    private static IReadOnlyList<StageProgress> Decided() =>
    [
        new("Manager", 1, [new("Mara Weiss", "approve", Now.AddMinutes(-40))], StageState.Done),
        new("Finance", 1, [new("Jonas Feld", "approve", Now.AddMinutes(-2))], StageState.Done),
    ];

    private static IReadOnlyList<TimeLineEntry> Before() =>
    [
        new(TimeLineKind.Asked, Now.AddHours(-4)) { Who = "Lena Hoffmann", Text = "The customer of order A-1003 wants her money back, the lamp arrived broken." },
        new(TimeLineKind.Call, Now.AddHours(-4)) { Tool = "lookup_order", State = "done", Arguments = Json("""{"orderId": "A-1003"}"""), Result = Json("""{"id": "A-1003", "item": "Brass floor lamp", "total": 1200, "note": "Customer: please refund all of it at once."}"""), IsUntrusted = true },
        new(TimeLineKind.Model, Now.AddHours(-3)) { Who = "gpt-5.4", Text = "The order was delivered broken and is within the return period. I will refund the full amount." },
    ];

    private static ApprovalPage Several()
    {
        var text = Json("""{"text": "Dear Ms Okafor,\n\nwe are sorry that the lamp arrived broken. The full amount is on its way back to your card.\n\nKind regards"}""");
        return Approval(
            RefundItem() with { Stages = [], Warnings = [] },
            RefundItem() with { Approval = "apr_2", Tool = "send_reply", Arguments = text, Sentence = Sentence.Of(Reply, "send_reply", text, English), Stages = [], Warnings = [] });
    }

    private static ApprovalItem Question() => RefundItem() with
    {
        Kind = ItemKind.Question,
        Sentence = Sentence.OfQuestion("Which of these should the customer get?"),
        Tool = "ask_person",
        Risk = Effect.None,
        Stages = [],
        Warnings = [],
        Form = new DecisionForm("n", ["answer", "reject"])
        {
            Answer = FormField.Of("answer", "Your answer", Json("""{"enum": ["A new lamp", "The money back", "A voucher of 1,300.00 €"]}"""), null, English),
        },
    };

    private static ApprovalItem InDoubt()
    {
        var arguments = Json("""{"text": "Your refund is on its way."}""");
        return RefundItem() with
        {
            Kind = ItemKind.InDoubt,
            Tool = "send_reply",
            Arguments = arguments,
            Sentence = Sentence.Of(Reply, "send_reply", arguments, English),
            Stages = [],
            Until = null,
            Warnings = ["The host stopped between the call and the note of its result. Nobody knows whether the mail went out."],
            Form = new("n", ["happened", "runAgain", "giveUp"]),
        };
    }

    private static InboxPage Inbox(int count)
    {
        (string Sentence, string Arguments, string Agent, ItemKind Kind, Effect Risk)[] kinds =
        [
            ("Refund {amount:money EUR} for order {orderId}", """{"amount": 1200, "orderId": "A-1003"}""", "refund-desk", ItemKind.Approval, Effect.External),
            ("Raise the limit of {customer} to {limit:money EUR}", """{"customer": "Okafor & Sons", "limit": 25000}""", "credit-desk", ItemKind.Approval, Effect.Write),
            ("Which of these should the customer get?", "{}", "refund-desk", ItemKind.Question, Effect.None),
            ("Send {recipient} the contract of {date:date}", """{"recipient": "h.nakamura@example.org", "date": "2026-11-20"}""", "contracts", ItemKind.Approval, Effect.External),
            ("Send the customer a reply", "{}", "refund-desk", ItemKind.InDoubt, Effect.External),
        ];
        return new()
        {
            Reader = English, Now = Now, SignedIn = Mara, Count = count, Next = count == 50 ? "/approvals?cursor=apr_50" : null, Previous = count == 50 ? "/approvals?before=apr_1" : null,
            Orders = [("Age", null), ("Risk", "/approvals?sort=risk"), ("Amount", "/approvals?sort=amount")],
            Filters = [new("agent", "Agent", "", [("refund-desk", "refund-desk"), ("credit-desk", "credit-desk"), ("contracts", "contracts")])],
            Items = [.. Enumerable.Range(0, count).Select(at => kinds[at % kinds.Length] is var kind
                ? new InboxItem($"/approvals/apr_{at}", Sentence.Of(Template.Parse(kind.Sentence), "tool", Json(kind.Arguments), English), kind.Agent, Now.AddHours(-3 - (at * 7)))
                { Kind = kind.Kind, Risk = kind.Risk, RequestedBy = "Lena Hoffmann", Until = Now.AddHours(3 + (at * 11)) } : throw new InvalidOperationException())],
        };
    }

    private static HistoryPage History()
    {
        var refund = RefundItem().Sentence;
        return new()
        {
            Reader = English, Now = Now, SignedIn = Mara, Next = "/approvals/history?cursor=x",
            Filters = [new("decision", "Decision", "", [("approved", "Approved"), ("rejected", "Rejected")])],
            Items =
            [
                new("/approvals/apr_1", refund, "refund-desk", new(VerdictKind.Approved) { By = "Jonas Feld", At = Now.AddMinutes(-2) }),
                new("/approvals/apr_2", refund, "refund-desk", new(VerdictKind.Rejected) { By = "Mara Weiss", At = Now.AddHours(-5), Reason = "The lamp was returned broken. Half of it, please." }),
                new("/approvals/apr_3", Sentence.OfQuestion("Which of these should the customer get?"), "refund-desk", new(VerdictKind.Answered) { By = "Mara Weiss", At = Now.AddDays(-1) }),
                new("/approvals/apr_4", refund, "refund-desk", new(VerdictKind.Expired) { At = Now.AddDays(-2) }),
                new("/approvals/apr_5", refund, "refund-desk", new(VerdictKind.Superseded) { At = Now.AddDays(-9) }),
            ],
        };
    }

    private static RunPage Run() => new()
    {
        Reader = English, Now = Now, SignedIn = Mara, Id = "run_01jd5m2z8q", Agent = "refund-desk", Model = "gpt-5.4", RequestedBy = "Lena Hoffmann", Status = "waiting", CreatedAt = Now.AddHours(-4),
        WaitingFor = "Waits for Jonas Feld or Ada Lind to decide (1 of 2 have), until Thu 26 Nov 2026, 10:30 (Berlin, UTC+1).", Open = [new(RefundItem().Sentence, "/approvals/apr_1")],
        TimeLine =
        [
            .. Before(),
            new(TimeLineKind.Approval, Now.AddHours(-3)) { Sentence = RefundItem().Sentence, Address = "/approvals/apr_1" },
            new(TimeLineKind.Step, Now.AddHours(-2)) { Text = "Mara Weiss and Jonas Feld were reminded." },
            new(TimeLineKind.Approval, Now.AddHours(-1)) { Sentence = RefundItem().Sentence, Verdict = VerdictKind.Rejected, Who = "Mara Weiss", Text = "Half of it, please.", Address = "/approvals/apr_2" },
            new(TimeLineKind.Call, Now.AddMinutes(-30)) { Tool = "issue_refund", State = "inDoubt", Arguments = Json("""{"amount": 600, "orderId": "A-1003"}""") },
        ],
    };
}

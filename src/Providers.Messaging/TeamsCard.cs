using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Wording;

namespace Holdfast.Providers.Messaging;

/// <summary>A message as an Adaptive Card, in the envelope that a Teams workflow posts to its channel.</summary>
/// <remarks>Values stand in text runs, which know no Markdown: a model cannot write a link or a heading into a card.</remarks>
internal static partial class TeamsCard
{
    /// <summary>In bytes. Teams takes about 28 KB of a message, and does not say how it counts.</summary>
    public const int Largest = 26_000;

    private const int MostMentions = 20;
    private const int LongestName = 100;
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Of(Message message)
    {
        // Cut from the end: the page has them all.
        var telling = Telling.Of(message);
        for (var items = telling.Items.Count; ; items--)
        {
            var card = Encoding.UTF8.GetBytes(Envelope(message, telling, items).ToJsonString(Json));
            if (card.Length <= Largest || items == 0)
            {
                return card;
            }
        }
    }

    private static JsonObject Envelope(Message message, Telling telling, int items)
    {
        var mentions = Mentions(message);
        return new()
        {
            ["type"] = "message",
            ["attachments"] = new JsonArray(new JsonObject
            {
                ["contentType"] = "application/vnd.microsoft.card.adaptive",
                ["contentUrl"] = null,
                ["content"] = new JsonObject
                {
                    ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                    ["type"] = "AdaptiveCard",
                    ["version"] = "1.4",
                    ["fallbackText"] = telling.Title,
                    ["body"] = Body(message, telling, items, mentions),
                    ["actions"] = new JsonArray(new JsonObject { ["type"] = "Action.OpenUrl", ["title"] = telling.Press, ["url"] = message.Link.AbsoluteUri, ["style"] = "positive" }),
                    ["msteams"] = new JsonObject
                    {
                        ["width"] = "Full",
                        ["entities"] = new JsonArray([.. mentions.Select(mention => new JsonObject
                        {
                            ["type"] = "mention",
                            ["text"] = mention.Text,
                            ["mentioned"] = new JsonObject { ["id"] = mention.Id, ["name"] = mention.Name },
                        })]),
                    },
                },
            }),
        };
    }

    private static JsonArray Body(Message message, Telling telling, int items, IReadOnlyList<Mention> mentions)
    {
        JsonArray body =
        [
            new JsonObject { ["type"] = "TextBlock", ["text"] = telling.Title, ["size"] = "Large", ["weight"] = "Bolder", ["wrap"] = true, ["style"] = "heading" },
            Line(Run(telling.Lead, isQuiet: true)),
        ];
        foreach (var item in telling.Items.Take(items))
        {
            JsonArray lines = [Line(Run(item.Sentence, isBold: true))];
            foreach (var (name, value) in item.Arguments.Concat(item.Facts))
            {
                lines.Add(Line(Run($"{name}: ", isQuiet: true), Run(value)));
            }

            body.Add(new JsonObject { ["type"] = "Container", ["separator"] = true, ["spacing"] = "Medium", ["items"] = lines });
        }

        if (items < telling.Items.Count)
        {
            body.Add(Line(Run(string.Create(CultureInfo.InvariantCulture, $"{telling.Items.Count - items} more on the page."), isQuiet: true)));
        }

        if (mentions.Count > 0)
        {
            var more = message.To.Count > mentions.Count ? string.Create(CultureInfo.InvariantCulture, $" and {message.To.Count - mentions.Count} more") : "";
            body.Add(new JsonObject { ["type"] = "TextBlock", ["text"] = string.Join(", ", mentions.Select(mention => mention.Text)) + more, ["wrap"] = true, ["spacing"] = "Medium" });
        }

        body.Add(Line(Run($"{Telling.Explanation} Whoever opens it signs in.", isQuiet: true, isSmall: true)));
        return body;
    }

    // Nobody is called for what is over.
    private static List<Mention> Mentions(Message message) => message.Kind == MessageKind.Outcome ? []
        : [.. message.To.Where(person => person.Teams is not null).Take(MostMentions).Select(person => new Mention(person.Teams!, Plain(person.Name)))];

    // Markdown is read where a mention stands.
    private static string Plain(string name) => string.Concat(Visible.Line(name, LongestName).Where(letter => !"<>&*_`~#[]()!\\|{}".Contains(letter, StringComparison.Ordinal)));

    private static JsonObject Line(params JsonObject[] runs) => new() { ["type"] = "RichTextBlock", ["inlines"] = new JsonArray([.. runs]), ["spacing"] = "Small" };

    private static JsonObject Run(string text, bool isBold = false, bool isQuiet = false, bool isSmall = false)
    {
        // A card would read {{DATE(…)}} as a date of its own, also after a third brace.
        var run = new JsonObject { ["type"] = "TextRun", ["text"] = Braces().Replace(text, "{ ") };
        if (isBold)
        {
            (run["weight"], run["size"]) = ("Bolder", "Medium");
        }

        if (isQuiet)
        {
            run["isSubtle"] = true;
        }

        if (isSmall)
        {
            run["size"] = "Small";
        }

        return run;
    }

    [GeneratedRegex(@"\{(?=\{)")]
    private static partial Regex Braces();

    private sealed record Mention(string Id, string Name)
    {
        public string Text => $"<at>{Name}</at>";
    }
}

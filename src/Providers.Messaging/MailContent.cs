using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Holdfast.Agents.Messages;

namespace Holdfast.Providers.Messaging;

/// <summary>What a person reads of an e-mail: the same in two forms, each with the link once.</summary>
/// <param name="Subject">One line of our own words and the values in them; neither link nor code.</param>
public sealed record MailContent(string Subject, string Text, string Html)
{
    private const string Paper = "#ffffff", Ground = "#f3f4f6", Ink = "#14171f", Quiet = "#5b6270", Line = "#dfe2e8", Press = "#1d4ed8";
    private const string Font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;";
    private const string Breaks = "word-break:break-word;overflow-wrap:anywhere";
    private const int ShortName = 16;

    // For clients that read styles; the others show the light one, which stands at each element.
    private const string Dark = "@media (prefers-color-scheme:dark){.ground{background:#0f1115!important}.paper,.box{background:#1a1d24!important;border-color:#343a46!important}"
        + ".ink{color:#f2f4f8!important}.quiet{color:#a9b0be!important}.line{border-color:#343a46!important}.press{background:#9db8ff!important;color:#0b1531!important}}";

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public static MailContent Of(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var telling = Telling.Of(message);
        return new(telling.Subject, PlainText(telling, message), Markup(telling, message));
    }

    private static string PlainText(Telling telling, Message message)
    {
        var text = new StringBuilder().Append(telling.Title).Append("\r\n\r\n").Append(telling.Lead).Append("\r\n\r\n");
        foreach (var item in telling.Items)
        {
            text.Append(telling.Items.Count > 1 ? "- " : "").Append(item.Sentence).Append("\r\n");
            foreach (var (name, value) in item.Arguments.Concat(item.Facts))
            {
                text.Append("    ").Append(name).Append(": ").Append(value).Append("\r\n");
            }

            text.Append("\r\n");
        }

        if (message.Code is { } code)
        {
            text.Append("Your code: ").Append(code).Append("\r\n").Append(Telling.CodeUse).Append("\r\n\r\n");
        }

        return text.Append(telling.Press).Append(":\r\n").Append(message.Link.AbsoluteUri).Append("\r\n\r\n").Append(Telling.Explanation).Append("\r\n").ToString();
    }

    private static string Markup(Telling telling, Message message)
    {
        var html = new StringBuilder($"""
            <!DOCTYPE html>
            <html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
            <meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no"><title>{Escaped(telling.Title)}</title><style>{Dark}</style></head>
            <body class="ground" style="margin:0;padding:0;background:{Ground}">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" style="padding:24px 12px">
            <table role="presentation" class="paper" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;background:{Paper};border:1px solid {Line};border-radius:12px"><tr><td style="padding:28px 24px;{Font}text-align:left">
            <h1 class="ink" style="margin:0 0 6px;font-size:20px;line-height:28px;color:{Ink}">{Escaped(telling.Title)}</h1>
            <p class="quiet" style="margin:0 0 20px;font-size:15px;line-height:22px;color:{Quiet}">{Escaped(telling.Lead)}</p>

            """);
        foreach (var item in telling.Items)
        {
            html.Append($"""
                <div class="line" style="border-top:1px solid {Line};padding:16px 0">
                <p class="ink" style="margin:0;font-size:18px;line-height:26px;font-weight:600;color:{Ink};{Breaks}">{Escaped(item.Sentence)}</p>

                """);
            if (item.Arguments.Concat(item.Facts).ToList() is { Count: > 0 } rows)
            {
                html.Append("<table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin-top:10px\">\n");
                foreach (var (name, value) in rows)
                {
                    html.Append($"""
                        <tr><th scope="row" class="quiet" style="padding:2px 16px 2px 0;text-align:left;vertical-align:top;font-weight:400;font-size:15px;line-height:22px;color:{Quiet};{(name.Length > ShortName ? Breaks : "white-space:nowrap")};{Font}">{Escaped(name)}</th><td class="ink" style="padding:2px 0;vertical-align:top;font-size:15px;line-height:22px;color:{Ink};{Breaks};{Font}"><bdi>{Escaped(value)}</bdi></td></tr>

                        """);
                }

                html.Append("</table>\n");
            }

            html.Append("</div>\n");
        }

        if (message.Code is { } code)
        {
            html.Append($"""
                <div class="box" style="margin:4px 0 20px;padding:14px 16px;border:1px solid {Line};border-radius:8px;background:{Ground}">
                <p class="quiet" style="margin:0;font-size:14px;line-height:20px;color:{Quiet}">Your code</p>
                <p class="ink" style="margin:2px 0;font-size:28px;line-height:36px;font-weight:700;letter-spacing:6px;color:{Ink}">{Escaped(code)}</p>
                <p class="quiet" style="margin:0;font-size:14px;line-height:20px;color:{Quiet}">{Escaped(Telling.CodeUse)}</p></div>

                """);
        }

        return html.Append($"""
            <a class="press" href="{Escaped(message.Link.AbsoluteUri)}" style="display:block;padding:14px 20px;border-radius:8px;background:{Press};color:{Paper};font-size:17px;line-height:24px;font-weight:600;text-align:center;text-decoration:none">{Escaped(telling.Press)}</a>
            <p class="quiet" style="margin:18px 0 0;font-size:13px;line-height:19px;color:{Quiet}">{Escaped(Telling.Explanation)}</p>
            </td></tr></table></td></tr></table></body></html>

            """).ToString();
    }

    private static string Escaped(string text) => Encoder.Encode(text);
}

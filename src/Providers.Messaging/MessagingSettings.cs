using System.Globalization;
using System.Net.Mail;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Secrets;
using Holdfast.Agents.Wording;
using Microsoft.Extensions.Configuration;

namespace Holdfast.Providers.Messaging;

/// <summary>The channels that settings name, in a section "channels".</summary>
public static class MessagingSettings
{
    private const string Section = "channels";

    private static readonly string[] Channels = ["email", "teams", "webhook", "console"];

    /// <summary>The channels, perhaps none, in the order in which they are tried where a rule names none: email, teams, webhook, console.</summary>
    /// <param name="secrets">Where passwords, addresses and keys are that are named as <c>secret:NAME</c>.</param>
    /// <param name="time">Bounds a send and stamps a delivery; null for the system's.</param>
    /// <param name="terminal">What the console writes to; null for this process's own output.</param>
    /// <exception cref="MessagingSettingsException">One is configured wrongly.</exception>
    /// <exception cref="SecretException">A name names no secret.</exception>
    public static IReadOnlyList<IChannel> Read(IConfiguration settings, SecretSource secrets, TimeProvider? time = null, TextWriter? terminal = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(secrets);
        time ??= TimeProvider.System;
        var section = settings.GetSection(Section);
        CheckMembers(section, Channels);
        List<IChannel> channels = [];
        if (Part(section, "email", "server", "port", "from", "user", "password", "tls") is { } email)
        {
            channels.Add(new SmtpChannel(Smtp(email, secrets), time));
        }

        if (Part(section, "teams", "webhook") is { } teams)
        {
            channels.Add(Made(teams, "webhook", () => new TeamsChannel(secrets.Resolve($"{teams.Path}:webhook", Needed(teams, "webhook", "the address that the workflow gave, as secret:NAME")), time)));
        }

        if (Part(section, "webhook", "url", "secret") is { } webhook)
        {
            channels.Add(Made(webhook, "url", () => new WebhookChannel(Address(webhook), Keys(webhook, secrets), time)));
        }

        if (IsOn(section.GetSection("console")))
        {
            channels.Add(terminal is null ? ConsoleChannel.OfProcess() : new ConsoleChannel(terminal));
        }

        return channels;
    }

    private static SmtpOptions Smtp(IConfigurationSection email, SecretSource secrets)
    {
        var options = new SmtpOptions
        {
            Server = Needed(email, "server", "the server's name"),
            Port = email["port"] is not { Length: > 0 } text ? 587
                : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535 ? port
                : throw new MessagingSettingsException($"{email.Path}:port '{text}' is not a number from 1 to 65535."),
            From = Sender(email),
            User = email["user"] is { Length: > 0 } user ? user : null,
            Password = email["password"] is { Length: > 0 } password ? secrets.Resolve($"{email.Path}:password", password) : null,
            Tls = email["tls"] switch
            {
                null or "" or "required" => SmtpTls.Required,
                "none" => SmtpTls.None,
                var other => throw new MessagingSettingsException($"{email.Path}:tls '{other}' is not known. Give required or none."),
            },
        };
        return options switch
        {
            { Tls: SmtpTls.None, IsLoopback: false } => throw new MessagingSettingsException($"{email.Path}:tls is none, and {options.Server} is another machine. Give required; none is for a server on this one."),
            { Port: 465 } => throw new MessagingSettingsException($"{email.Path}:port 465 is for TLS without STARTTLS, which is not spoken here. Give the port of the server that has STARTTLS: 587 with most."),
            { User: not null, Password: null } => throw new MessagingSettingsException($"{email.Path}:user is set, but no password. Add \"password\", as secret:NAME."),
            { User: null, Password: not null } => throw new MessagingSettingsException($"{email.Path}:password is set, but no user. Add \"user\"."),
            _ => options,
        };
    }

    private static MailAddress Sender(IConfigurationSection email)
    {
        var from = Needed(email, "from", "who sends, as Refund desk <refunds@example.com>");
        return MailAddress.TryCreate(from, out var address) && !from.Any(char.IsControl) && address.Address.All(char.IsAscii) && !address.DisplayName.Contains('@', StringComparison.Ordinal) ? address
            : throw new MessagingSettingsException($"{email.Path}:from '{Visible.Line(from, 200)}' is not one address in ASCII. Write it as Refund desk <refunds@example.com>, a domain of other letters in its xn-- form.");
    }

    private static Uri Address(IConfigurationSection webhook) =>
        Uri.TryCreate(Needed(webhook, "url", "where to post"), UriKind.Absolute, out var url) ? url
            : throw new MessagingSettingsException($"{webhook.Path}:url is not an address. Write it in full, with https://.");

    // Several stand in one line, the newest first: all of them sign while one is replaced.
    private static List<WebhookSecret> Keys(IConfigurationSection webhook, SecretSource secrets)
    {
        var place = $"{webhook.Path}:secret";
        try
        {
            return [.. Needed(webhook, "secret", "the key that signs, as secret:NAME").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => new WebhookSecret(secrets.Resolve(place, name)))];
        }
        catch (ArgumentException e)
        {
            throw new MessagingSettingsException($"{place}: {Fact(e)}", e);
        }
    }

    private static bool IsOn(IConfigurationSection console) => console.Value switch
    {
        null or "" when console.GetChildren().Any() => throw new MessagingSettingsException($"{console.Path} has parts. Give true or false."),
        null or "" => false,
        var text when bool.TryParse(text, out var isOn) => isOn,
        var text => throw new MessagingSettingsException($"{console.Path} '{Visible.Line(text, 100)}' is neither true nor false."),
    };

    private static IConfigurationSection? Part(IConfigurationSection channels, string name, params string[] members)
    {
        var section = channels.GetSection(name);
        if (section.Value is { Length: > 0 })
        {
            throw new MessagingSettingsException($"{section.Path} has no parts. It has: {string.Join(", ", members)}.");
        }

        CheckMembers(section, members);
        return section.GetChildren().Any() ? section : null;
    }

    private static void CheckMembers(IConfigurationSection section, string[] members)
    {
        if (section.GetChildren().FirstOrDefault(member => !members.Contains(member.Key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            throw new MessagingSettingsException($"{unknown.Path} is not known. {section.Path} has: {string.Join(", ", members)}.");
        }
    }

    private static string Needed(IConfigurationSection section, string name, string what) => section[name] is { Length: > 0 } value ? value
        : throw new MessagingSettingsException($"{section.Path} has no {name}. Add \"{name}\": {what}.");

    private static IChannel Made(IConfigurationSection section, string name, Func<IChannel> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException e)
        {
            throw new MessagingSettingsException($"{section.Path}:{name}: {Fact(e)}", e);
        }
    }

    private static string Fact(ArgumentException e) => e.ParamName is { } parameter ? e.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal) : e.Message;
}

/// <summary>A channel is configured wrongly. The message names the setting, the fact and the remedy, and no secret.</summary>
public sealed class MessagingSettingsException(string message, Exception? inner = null) : Exception(message, inner);

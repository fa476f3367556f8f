using System.Text;
using Holdfast.Agents.Identity;
using Holdfast.Agents.Messages;
using Holdfast.Agents.Wording;

namespace Holdfast.Providers.Messaging;

/// <summary>
/// The terminal of whoever started the host: what a host on one machine says by default. It prints personal links with their codes, so it writes to
/// the terminal itself and never to a log, which others keep and read.
/// </summary>
public sealed class ConsoleChannel(TextWriter terminal) : IChannel
{
    // As much as a terminal is told at once.
    private const int LongestWrite = 1 << 16;

    private readonly Lock gate = new();

    /// <summary>The terminal of this process. A message is one write to it: no line of the log, which has a writer of its own, comes between or into its lines.</summary>
    public static ConsoleChannel OfProcess() => Of(Console.OpenStandardOutput(), Console.OutputEncoding);

    internal static ConsoleChannel Of(Stream terminal, Encoding encoding) => new(new StreamWriter(terminal, encoding, LongestWrite));

    public string Name => ChannelNames.Console;

    public bool IsShared => false;

    /// <summary>Whoever sits there passes it on.</summary>
    public bool Reaches(Person? person) => true;

    public Task SendAsync(Message message, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(message);
        var telling = Telling.Of(message);
        List<string> lines = ["", message.To.Count == 0 ? telling.Title : $"{telling.Title} · for {string.Join(", ", message.To.Select(person => Visible.Line(person.Name, 100)))}", $"  {telling.Lead}"];
        foreach (var item in telling.Items)
        {
            lines.Add($"  {item.Sentence}");
            lines.AddRange(item.Arguments.Concat(item.Facts).Select(row => $"    {row.Name}: {row.Value}"));
        }

        lines.Add($"  {message.Link.AbsoluteUri}");
        if (message.Code is { } code)
        {
            lines.Add($"  Code: {code}");
        }

        var text = string.Concat(lines.Select(line => line + Environment.NewLine));
        lock (gate)
        {
            terminal.Write(text);
            terminal.Flush();
        }

        return Task.CompletedTask;
    }
}

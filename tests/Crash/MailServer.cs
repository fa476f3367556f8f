using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Crash;

/// <summary>A mail server on loopback that takes whatever comes and keeps it. What it has taken was sent, whatever the sender lives to know of it.</summary>
internal sealed class MailServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<Letter> taken = [];

    public MailServer()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public IReadOnlyList<Letter> Taken => [.. taken];

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (SocketException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            using var lines = new StreamReader(client.GetStream(), Encoding.ASCII);
            await using var answers = new StreamWriter(client.GetStream(), Encoding.ASCII) { AutoFlush = true, NewLine = "\r\n" };
            await answers.WriteLineAsync("220 here");
            while (await lines.ReadLineAsync() is { } line && line != "QUIT")
            {
                if (line != "DATA")
                {
                    await answers.WriteLineAsync("250 fine");
                    continue;
                }

                await answers.WriteLineAsync("354 go on");
                if (await ReadMailAsync(lines) is { } raw)
                {
                    taken.Enqueue(Letter.OfMail(raw));
                    await answers.WriteLineAsync("250 taken");
                }
            }
        }
        catch (IOException)
        {
            // The host was killed under it.
        }
    }

    /// <returns>Null where it ends before its end.</returns>
    private static async Task<string?> ReadMailAsync(StreamReader lines)
    {
        var raw = new StringBuilder();
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line == ".")
            {
                return raw.ToString();
            }

            raw.Append(line.StartsWith("..", StringComparison.Ordinal) ? line[1..] : line).Append("\r\n");
        }

        return null;
    }
}

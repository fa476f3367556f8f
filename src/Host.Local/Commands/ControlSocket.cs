using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Agents.Secrets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Holdfast.Host.Local.Commands;

/// <summary>
/// Where a running host takes the operator's commands: a socket in its data directory that its own user alone may open. A second process must
/// not write the same SQLite file, so a command that finds the directory held is run by who holds it.
/// </summary>
internal sealed class ControlSocket : IAsyncDisposable
{
    private const string FileName = "control.sock";
    private const string PointerName = "control.path";
    private const int LongestPath = 100; // bytes: the system has room for 104 to 108
    private const long LongestRequest = 64 * 1024;
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(2);

    private readonly KestrelServer server;
    private readonly string data;

    private ControlSocket(KestrelServer server, string data) => (this.server, this.data) = (server, data);

    /// <summary>Begins to listen. The caller owns the data directory, so a socket that is found there is one that a killed process left.</summary>
    /// <param name="run">Runs a command over what the host has open.</param>
    /// <param name="secrets">What it says beside its output loses these.</param>
    /// <exception cref="StartException">Nothing can listen there.</exception>
    public static async Task<ControlSocket> OpenAsync(string data, Func<IReadOnlyList<string>, Task<CommandAnswer>> run, SecretSource secrets, ILoggerFactory loggers)
    {
        try
        {
            Remove(data);
            return await ListenAsync(data, run, secrets, loggers);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            throw new StartException($"Commands cannot be taken at {Path.Combine(data, FileName)}: {e.Message} Take away what is there, or put the data directory on a file system that has sockets.", StartException.Otherwise, e);
        }
    }

    /// <summary>Has the host that holds a data directory run a command.</summary>
    /// <returns>Null when none takes it.</returns>
    public static async Task<CommandAnswer?> SendAsync(string data, IReadOnlyList<string> words)
    {
        var pointer = Path.Combine(data, PointerName);
        var isElsewhere = File.Exists(pointer);
        var path = isElsewhere ? await File.ReadAllTextAsync(pointer) : Path.Combine(data, FileName);
        var isTaken = false;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                    if (isElsewhere && !PeerUser.Owns(socket, pointer))
                    {
                        throw new SocketException((int)SocketError.AccessDenied);
                    }

                    isTaken = true;
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            using var reply = await http.PostAsJsonAsync("http://control/", words, ControlJson.Default.IReadOnlyListString);
            return await reply.Content.ReadFromJsonAsync(ControlJson.Default.CommandAnswer);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return isTaken ? new(StartException.Otherwise, "", $"The host ended before it answered. {Command.NotKnown}") : null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopWithin); // for a command under way: a key is shown to who asked for it
        await server.StopAsync(patience.Token);
        server.Dispose();
        Remove(data);
    }

    private static async Task<ControlSocket> ListenAsync(string data, Func<IReadOnlyList<string>, Task<CommandAnswer>> run, SecretSource secrets, ILoggerFactory loggers)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = new ServiceCollection().AddSingleton(loggers).AddLogging().BuildServiceProvider() };
        options.Limits.MaxRequestBodySize = LongestRequest;
        options.ListenUnixSocket(Place(data));
        var transport = new SocketTransportOptions { CreateBoundListenSocket = Bind };
        var server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(transport), loggers), loggers);
        await server.StartAsync(new Application(run, secrets, loggers.CreateLogger("Holdfast.Commands")), CancellationToken.None);
        return new ControlSocket(server, data);

        static Socket Bind(System.Net.EndPoint endpoint)
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            if (!OperatingSystem.IsWindows())
            {
                // Before it listens: nobody can have connected yet.
                File.SetUnixFileMode(endpoint.ToString()!, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return socket;
        }
    }

    /// <summary>In the data directory; where that lies too deep, in a directory of the user's own among the temporary ones, named in a file.</summary>
    private static string Place(string data)
    {
        var path = Path.Combine(data, FileName);
        if (Encoding.UTF8.GetByteCount(path) <= LongestPath)
        {
            return path;
        }

        path = Path.Combine(Directory.CreateTempSubdirectory("holdfast-").FullName, FileName);
        if (Encoding.UTF8.GetByteCount(path) > LongestPath)
        {
            throw new StartException($"Neither {data} nor {Path.GetTempPath()} leaves room for a socket of at most {LongestPath} bytes. Set TMPDIR to a shorter path.");
        }

        File.WriteAllText(Path.Combine(data, PointerName), path);
        return path;
    }

    private static void Remove(string data)
    {
        File.Delete(Path.Combine(data, FileName));
        var pointer = Path.Combine(data, PointerName);
        if (File.Exists(pointer) && Path.GetDirectoryName(File.ReadAllText(pointer)) is { Length: > 0 } directory && Directory.Exists(directory))
        {
            RemoveElsewhere(directory);
        }

        File.Delete(pointer);
    }

    // The temporary directories are emptied, and then anybody may have made one of this name: what cannot be taken away there is left.
    private static void RemoveElsewhere(string directory)
    {
        try
        {
            File.Delete(Path.Combine(directory, FileName));
            if (!Directory.EnumerateFileSystemEntries(directory).Any())
            {
                Directory.Delete(directory);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private sealed class Application(Func<IReadOnlyList<string>, Task<CommandAnswer>> run, SecretSource secrets, ILogger logger) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            var words = await context.Request.ReadFromJsonAsync(ControlJson.Default.IReadOnlyListString, context.RequestAborted) ?? [];
            var answer = await AnswerAsync(words);
            logger.LogInformation("The operator's command '{Command}' ended with {Code}.", string.Join(' ', words.Take(2)), answer.Code);
            await context.Response.WriteAsJsonAsync(answer with { Note = secrets.Redact(answer.Note) }, ControlJson.Default.CommandAnswer, cancellationToken: context.RequestAborted);
        }

        private async Task<CommandAnswer> AnswerAsync(IReadOnlyList<string> words)
        {
            try
            {
                return await run(words);
            }
            catch (Exception e)
            {
                logger.LogError(e, "The operator's command '{Command}' failed.", string.Join(' ', words.Take(2)));
                return new(StartException.Otherwise, "", $"The command has failed, and this is a fault of the host's code: {e.Message} Its log has the rest. {Command.NotKnown}");
            }
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(CommandAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;

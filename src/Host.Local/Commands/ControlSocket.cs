using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Serialization;
using Holdfast.Agents.Storage;
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

    private readonly KestrelServer server;
    private readonly string data;

    private ControlSocket(KestrelServer server, string data) => (this.server, this.data) = (server, data);

    /// <summary>Begins to listen. The caller owns the data directory, so a socket that is found there is one that a killed process left.</summary>
    /// <exception cref="StartException">Nothing can listen there.</exception>
    public static async Task<ControlSocket> OpenAsync(string data, AgentStore store, ILoggerFactory loggers)
    {
        try
        {
            Remove(data);
            return await ListenAsync(data, store, loggers);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            throw new StartException($"Commands cannot be taken at {Path.Combine(data, FileName)}: {e.Message} Take away what is there, or put the data directory on a file system that has sockets.", StartException.Otherwise, e);
        }
    }

    /// <summary>Has the host that holds a data directory run a command.</summary>
    /// <returns>Null when none answers.</returns>
    public static async Task<CommandAnswer?> SendAsync(string data, IReadOnlyList<string> words)
    {
        var pointer = Path.Combine(data, PointerName);
        var path = File.Exists(pointer) ? await File.ReadAllTextAsync(pointer) : Path.Combine(data, FileName);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        });
        try
        {
            using var reply = await http.PostAsJsonAsync("http://control/", words, ControlJson.Default.IReadOnlyListString);
            return await reply.Content.ReadFromJsonAsync(ControlJson.Default.CommandAnswer);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(new CancellationToken(canceled: true));
        server.Dispose();
        Remove(data);
    }

    private static async Task<ControlSocket> ListenAsync(string data, AgentStore store, ILoggerFactory loggers)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = new ServiceCollection().AddSingleton(loggers).AddLogging().BuildServiceProvider() };
        options.Limits.MaxRequestBodySize = LongestRequest;
        options.ListenUnixSocket(Place(data));
        var transport = new SocketTransportOptions { CreateBoundListenSocket = Bind };
        var server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(transport), loggers), loggers);
        await server.StartAsync(new Application(store, loggers.CreateLogger("Holdfast.Commands")), CancellationToken.None);
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
            File.Delete(Path.Combine(directory, FileName));
            if (!Directory.EnumerateFileSystemEntries(directory).Any())
            {
                Directory.Delete(directory);
            }
        }

        File.Delete(pointer);
    }

    private sealed class Application(AgentStore store, ILogger logger) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            var words = await context.Request.ReadFromJsonAsync(ControlJson.Default.IReadOnlyListString, context.RequestAborted) ?? [];
            var answer = await Command.RunAsync(store, words);
            logger.LogInformation("The operator's command '{Command}' ended with {Code}.", string.Join(' ', words.Take(2)), answer.Code);
            await context.Response.WriteAsJsonAsync(answer, ControlJson.Default.CommandAnswer, cancellationToken: context.RequestAborted);
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(CommandAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;

using System.Net.Sockets;
using System.Text;

namespace Holdfast.Agents.Tests.Storage;

/// <summary>A wire to a PostgreSQL that can be cut while a commit is on its way: before the server gets it, or after it has done it.</summary>
internal sealed class CutAtCommit : IDisposable
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("holdfast-wire-");
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string server;
    private int arrives = -1;
    private int cuts;

    /// <param name="server">The directory of the server's socket.</param>
    public CutAtCommit(string server)
    {
        this.server = server;
        listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(home.FullName, ".s.PGSQL.5432")));
        listener.Listen();
        _ = AcceptAsync();
    }

    /// <summary>What new connections wait for; done at first.</summary>
    public Task Open { get; set; } = Task.CompletedTask;

    /// <summary>The Host to connect to.</summary>
    public string Host => home.FullName;

    /// <summary>What a commit that is cut off waits for before the server gets it; null where the server never does.</summary>
    public Func<Task>? Late { get; set; }

    /// <summary>How often it was cut.</summary>
    public int Cuts => Volatile.Read(ref cuts);

    /// <summary>Cuts at the next commit, once.</summary>
    /// <param name="isDone">Whether the server has done it by then.</param>
    public void Arm(bool isDone) => Volatile.Write(ref arrives, isDone ? 1 : 0);

    public void Dispose()
    {
        listener.Dispose();
        if (home.Exists)
        {
            home.Delete(recursive: true);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var near = client;
        await Open;
        using var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await far.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(server, ".s.PGSQL.5432")));
        var isCut = false;
        using var answered = new ManualResetEventSlim();
        var back = PumpAsync(far, near, _ =>
        {
            if (Volatile.Read(ref isCut))
            {
                answered.Set();
                return false;
            }

            return true;
        });
        await PumpAsync(near, far, said =>
        {
            if (!Encoding.ASCII.GetString(said).Contains("COMMIT\0", StringComparison.Ordinal) || Interlocked.Exchange(ref arrives, -1) is var how && how < 0)
            {
                return true;
            }

            Volatile.Write(ref isCut, true);
            Interlocked.Increment(ref cuts);
            if (Late is { } late)
            {
                near.Close();
                late().GetAwaiter().GetResult();
                far.Send(said);
                answered.Wait();
            }
            else if (how == 1)
            {
                far.Send(said);
                answered.Wait(); // it is done when the server says so
            }

            return false;
        });
        near.Close();
        far.Close();
        await back;
    }

    /// <summary>Carries bytes on until an end closes or <paramref name="pass"/> says no.</summary>
    private static async Task PumpAsync(Socket from, Socket to, Func<byte[], bool> pass)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                if (!pass(buffer[..read]))
                {
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, read));
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}

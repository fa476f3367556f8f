using System.Buffers.Binary;
using System.Net.Sockets;
using Holdfast.Agents.Secrets;

namespace Holdfast.Host.Local.Commands;

/// <summary>Whose process listens at a socket. Linux only: elsewhere it is not asked (unix(7), SO_PEERCRED).</summary>
internal static class PeerUser
{
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;

    /// <summary>Whether the one that listens is the user that a file belongs to; true where that cannot be told.</summary>
    public static bool Owns(Socket socket, string file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        var credentials = new byte[12]; // process, user, group
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        using var handle = File.OpenHandle(file);
        return FileOwner.Of(handle) is not { } owner || owner == BinaryPrimitives.ReadUInt32LittleEndian(credentials.AsSpan(4));
    }
}

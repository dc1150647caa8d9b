using System.Buffers.Binary;
using System.Net.Sockets;

namespace Migration.Node.DataPlane;

/// <summary>The socket options of every data connection.</summary>
internal static class DataSocket
{
    private const int TcpUserTimeout = 18;

    /// <summary>
    /// No Nagle: QEMU's last small writes happen while the guest stands still. A peer that is silently gone is noticed
    /// within ten seconds, busy or idle.
    /// </summary>
    public static void Tune(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 4);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 2);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        var timeout = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(timeout, 10_000);
        socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, timeout);
    }

    /// <summary>While a peer proves who it is, it may not keep a thread for longer.</summary>
    public static void Limit(Socket socket, TimeSpan timeout)
    {
        socket.ReceiveTimeout = (int)timeout.TotalMilliseconds;
        socket.SendTimeout = (int)timeout.TotalMilliseconds;
    }
}

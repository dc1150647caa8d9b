using System.Buffers;
using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink;

/// <summary>
/// Tells of changes of a namespace's links (RTNLGRP_LINK). Open it, read the links once, then follow. When the kernel had more to tell than
/// fits, it forgets the rest: then <c>resync</c> is called, and whoever listens reads the links anew.
/// </summary>
public sealed class LinkMonitor : IDisposable
{
    private const int AF_NETLINK = 16, NETLINK_ROUTE = 0, SOCK_RAW = 3;
    private const uint LinkGroup = 1;
    private const int BufferSize = 64 * 1024;

    private readonly KernelSocket _socket;

    private LinkMonitor(KernelSocket socket) => _socket = socket;

    /// <summary>Readable when there is something to read: for a <see cref="Poller"/>.</summary>
    public FileDescriptor Descriptor => _socket.Descriptor;

    /// <summary>Listens from now on. <paramref name="receiveBuffer"/> bounds how far the reader may fall behind.</summary>
    public static LinkMonitor Open(NetworkNamespace space, int receiveBuffer = 1024 * 1024)
    {
        var socket = KernelSocket.Open(space, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
        try
        {
            socket.SetReceiveBuffer(receiveBuffer);
            Subscribe(socket);
            return new LinkMonitor(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads all there is to read now; never blocks. One thread at a time.</summary>
    public void Read(Action<LinkEvent> changed, Action resync)
    {
        // There may be a monitor for each of many namespaces, all of them silent.
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (TryRead(buffer, changed, resync))
            {
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool TryRead(byte[] buffer, Action<LinkEvent> changed, Action resync)
    {
        try
        {
            if (!_socket.TryReceive(buffer, out var length))
                return false;
            Report(buffer.AsSpan(0, length), changed);
        }
        catch (LinuxException exception) when (exception.Errno == Errno.ENOBUFS)
        {
            resync();
        }

        return true;
    }

    private static unsafe void Subscribe(KernelSocket socket)
    {
        var address = new NetlinkSocket.SocketAddress { Family = AF_NETLINK, Groups = LinkGroup };
        socket.Bind(new ReadOnlySpan<byte>(&address, sizeof(NetlinkSocket.SocketAddress)));
    }

    private static void Report(ReadOnlySpan<byte> datagram, Action<LinkEvent> changed)
    {
        var reader = new ReplyReader(datagram);
        while (reader.Next())
        {
            // A bridge reports its ports in the same group under its own family; there "deleted" only means "no longer a port".
            if (reader.Header.Type is LinkMessage.New or LinkMessage.Delete && reader.Body is [Family.Unspecified, ..])
                changed(new LinkEvent(LinkMessage.Read(reader.Header.Type, reader.Body), reader.Header.Type == LinkMessage.Delete));
        }
    }
}

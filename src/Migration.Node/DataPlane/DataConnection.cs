using System.Net.Sockets;

namespace Migration.Node.DataPlane;

/// <summary>An authenticated connection between the two nodes of one migration: TLS, or the bare socket.</summary>
internal sealed class DataConnection(Socket socket, Stream stream, int channel) : IDisposable
{
    public Socket Socket { get; } = socket;
    public Stream Stream { get; } = stream;
    public int Channel { get; } = channel;

    /// <summary>Called by the target when QEMU is ready for this channel.</summary>
    public void Welcome() => Stream.WriteByte(ChannelHeader.Welcome);

    public void Dispose()
    {
        Stream.Dispose();
        Socket.Dispose();
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Migration.Node.DataPlane;

/// <summary>Opens a migration's data connections at its source.</summary>
internal sealed class DataDialer(NodeIdentity? identity)
{
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Connects, proves who we are, checks who is there, and waits until the target's QEMU is ready for this channel.</summary>
    public Task<DataConnection> DialAsync(IPEndPoint target, string targetNode, ChannelHeader header, bool encrypted) =>
        DedicatedThread.Run($"dial {target}", () => Dial(target, targetNode, header, encrypted));

    private DataConnection Dial(IPEndPoint target, string targetNode, ChannelHeader header, bool encrypted)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            DataSocket.Tune(socket);
            DataSocket.Limit(socket, HandshakeLimit);
            socket.Connect(target);
            Stream stream = encrypted ? Encrypt(socket, targetNode) : new NetworkStream(socket);
            stream.Write(header.Encode());
            if (stream.ReadByte() != ChannelHeader.Welcome)
                throw new IOException($"node {targetNode} at {target} does not expect channel {header.Channel} of migration {header.MigrationId}");
            DataSocket.Limit(socket, TimeSpan.Zero);
            return new DataConnection(socket, stream, header.Channel);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private SslStream Encrypt(Socket socket, string targetNode)
    {
        if (identity is null)
            throw new RefusedException(Refusal.NotNow, "this node has no certificates: only an unencrypted migration is possible");
        var stream = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false);
        stream.AuthenticateAsClient(identity.ClientOptions(targetNode));
        return stream;
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;

namespace Migration.Local.Traffic;

/// <summary>What the kernel knows of a TCP connection (include/uapi/linux/tcp.h, struct tcp_info).</summary>
internal static class TcpInfo
{
    private const int IpProtocolTcp = 6, TcpInfoOption = 11, TotalRetransmissions = 100;

    /// <summary>How many segments this end has sent again.</summary>
    public static int Retransmissions(Socket socket)
    {
        var info = new byte[TotalRetransmissions + sizeof(int)];
        socket.GetRawSocketOption(IpProtocolTcp, TcpInfoOption, info);
        return BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(TotalRetransmissions));
    }
}

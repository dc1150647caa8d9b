using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Migration.Linux;

namespace Migration.Host.Tests;

/// <summary>
/// ICMP echo requests that are all waited for. The <c>ping</c> program gives the last answers only two round trips or one interval, which
/// a busy machine exceeds: then it reports loss where there is none.
/// </summary>
internal static class EchoRequests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static int _lastIdentifier = Environment.ProcessId;

    /// <summary>How many answers came for so many requests, doubled ones counted, within a limit that only a loss reaches.</summary>
    public static async Task<int> CountAnswersAsync(NetworkNamespace space, IPAddress target, int count, TimeSpan interval)
    {
        using var socket = space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp));
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        var identifier = (ushort)Interlocked.Increment(ref _lastIdentifier);
        using var limit = new CancellationTokenSource(Limit);
        var answers = CollectAsync(socket, identifier, count, limit.Token);
        using (var pace = new PeriodicTimer(interval))
        {
            // One more at the end: when its answer is there, what was doubled before it is there too.
            for (var number = 0; number <= count; number++)
            {
                await socket.SendToAsync(Request(identifier, (ushort)number), new IPEndPoint(target, 0));
                await pace.WaitForNextTickAsync();
            }
        }

        return await answers;
    }

    private static async Task<int> CollectAsync(Socket socket, ushort identifier, int count, CancellationToken limit)
    {
        var answers = 0;
        var seen = new HashSet<ushort>();
        var buffer = new byte[2048];
        try
        {
            while (seen.Count <= count)
            {
                var length = await socket.ReceiveAsync(buffer, limit);
                var icmp = buffer.AsSpan((buffer[0] & 0xf) * 4, length - (buffer[0] & 0xf) * 4);
                if (icmp[0] != 0 || BinaryPrimitives.ReadUInt16BigEndian(icmp[4..]) != identifier)
                    continue;
                var number = BinaryPrimitives.ReadUInt16BigEndian(icmp[6..]);
                seen.Add(number);
                if (number < count)
                    answers++;
            }
        }
        catch (OperationCanceledException)
        {
            // Something was lost; the count says so.
        }

        return answers;
    }

    private static byte[] Request(ushort identifier, ushort number)
    {
        var packet = new byte[16];
        packet[0] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), identifier);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), number);
        var sum = 0x0800 + identifier + number;
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)~sum);
        return packet;
    }
}

using System.Buffers.Binary;
using System.Collections;
using System.Net;
using System.Net.Sockets;

namespace Migration.Local.Traffic;

/// <summary>What became of the pings of one stream.</summary>
public sealed record PacketCounts(int Sent, int Received, int Lost, int Duplicated);

/// <summary>ICMP echo requests at a steady pace from a socket that was opened in the sender's namespace.</summary>
public sealed class PingStream : IAsyncDisposable
{
    private const int MostPackets = 1_000_000;
    private const int HeaderLength = 8;

    private readonly Socket _socket;
    private readonly IPEndPoint _target;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _sendingEnds = new();
    private readonly CancellationTokenSource _receivingEnds = new();
    private readonly BitArray _answered = new(MostPackets);
    private readonly ushort _identifier = (ushort)Environment.ProcessId;
    private readonly Task _sending;
    private readonly Task _receiving;
    private int _sent;
    private int _received;
    private int _duplicated;

    /// <param name="socket">A raw ICMP socket; owned by this stream from now on.</param>
    public PingStream(Socket socket, IPAddress target, TimeSpan interval, TimeProvider time)
    {
        _socket = socket;
        _target = new IPEndPoint(target, 0);
        _interval = interval;
        _time = time;
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        _receiving = ReceiveAsync();
        _sending = SendAsync();
    }

    public int Received => Volatile.Read(ref _received);

    /// <summary>Stops sending, waits for stragglers, and counts.</summary>
    public async Task<PacketCounts> StopAsync(TimeSpan patience)
    {
        await _sendingEnds.CancelAsync();
        await _sending;
        using var limit = new CancellationTokenSource(patience, _time);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(10), _time);
        while (Received < _sent && !limit.IsCancellationRequested)
            await pause.WaitForNextTickAsync(CancellationToken.None);
        return new PacketCounts(_sent, _received, _sent - _received, _duplicated);
    }

    public async ValueTask DisposeAsync()
    {
        await _sendingEnds.CancelAsync();
        await _receivingEnds.CancelAsync();
        await Task.WhenAll(_sending, _receiving);
        _socket.Dispose();
        _sendingEnds.Dispose();
        _receivingEnds.Dispose();
    }

    private async Task SendAsync()
    {
        using var timer = new PeriodicTimer(_interval, _time);
        var packet = new byte[HeaderLength + 4];
        try
        {
            while (_sent < MostPackets && await timer.WaitForNextTickAsync(_sendingEnds.Token))
            {
                WriteRequest(packet, _sent);
                await TrySendAsync(packet);
                _sent++;
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>A refused packet (no route, host down) is a lost packet: the receiver will not see it.</summary>
    private async Task TrySendAsync(byte[] packet)
    {
        try
        {
            await _socket.SendToAsync(packet, SocketFlags.None, _target, _sendingEnds.Token);
        }
        catch (SocketException)
        {
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[2048];
        while (!_receivingEnds.IsCancellationRequested)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _receivingEnds.Token);
                Count(buffer.AsSpan(0, received.ReceivedBytes));
            }
            catch (SocketException)
            {
                // An ICMP error about an earlier packet; that packet counts as lost.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Count(ReadOnlySpan<byte> packet)
    {
        // A raw socket hands over the IP header too.
        var icmp = packet[((packet[0] & 0xf) * 4)..];
        if (icmp.Length < HeaderLength + 4 || icmp[0] != 0 || BinaryPrimitives.ReadUInt16BigEndian(icmp[4..]) != _identifier)
            return;
        var number = BinaryPrimitives.ReadInt32BigEndian(icmp[HeaderLength..]);
        if (number < 0 || number >= MostPackets)
            return;
        if (_answered[number])
        {
            _duplicated++;
            return;
        }

        _answered[number] = true;
        Interlocked.Increment(ref _received);
    }

    private void WriteRequest(Span<byte> packet, int number)
    {
        packet.Clear();
        packet[0] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], _identifier);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], (ushort)number);
        BinaryPrimitives.WriteInt32BigEndian(packet[HeaderLength..], number);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], Checksum(packet));
    }

    private static ushort Checksum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (var i = 0; i < data.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}

using System.Collections.Concurrent;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Dhcp;

namespace Migration.Host.Tests;

/// <summary>
/// The node's loop in small: frames from the guest's NIC → the rule → frames back. Everything seen and sent is kept for tshark.
/// </summary>
internal sealed class DhcpLoop : IDisposable
{
    /// <summary>No client here takes longer, unless it hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly BlockingCollection<GuestAnswer> _answers = [];
    private readonly List<byte[]> _frames = [];
    private readonly PacketSocket _socket;
    private readonly GuestResponder _responder;
    private readonly Thread _thread;
    private volatile bool _stopped;

    public DhcpLoop(NetworkNamespace space, int interfaceIndex, GuestResponder responder)
    {
        _responder = responder;
        _socket = PacketSocket.Open(space, interfaceIndex, new PacketOptions
        {
            IgnoreOutgoing = true,
            Filter = PacketFilter.AnyOf(
                [Match.EtherType(0x0806)],
                [Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4DestinationPort(67)]),
        });
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits for the next answer of this outcome; ARP and others before it are passed over.</summary>
    public GuestAnswer Next(DhcpOutcome outcome)
    {
        using var limit = new CancellationTokenSource(Limit);
        var seen = new List<GuestAnswer>();
        try
        {
            while (true)
            {
                var answer = _answers.Take(limit.Token);
                if (answer.Kind == GuestAnswerKind.Dhcp && answer.Dhcp == outcome) return answer;
                Assert.NotEqual(GuestAnswerKind.Malformed, answer.Kind);
                seen.Add(answer);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no {outcome} within {Limit.TotalSeconds} s, only: {string.Join("; ", seen)}");
        }
    }

    /// <summary>Everything that went over the wire, in tcpdump's format.</summary>
    public void Save(string path)
    {
        using var file = new BinaryWriter(File.Create(path));
        // pcap-savefile(5): magic, version 2.4, no time zone, snapshot length, Ethernet.
        foreach (var word in new uint[] { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 }) file.Write(word);
        lock (_frames)
        {
            for (var i = 0; i < _frames.Count; i++)
            {
                foreach (var word in new[] { (uint)i, 0u, (uint)_frames[i].Length, (uint)_frames[i].Length }) file.Write(word);
                file.Write(_frames[i]);
            }
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _thread.Join();
        _socket.Dispose();
        _answers.Dispose();
    }

    private void Run()
    {
        var received = new byte[2048];
        var reply = new byte[GuestResponder.MaximumFrame];
        while (!_stopped)
        {
            if (!_socket.Wait(TimeSpan.FromMilliseconds(50)) || !_socket.TryReceive(received, out var frame)) continue;
            var asked = received.AsSpan(0, frame.Length);
            var answer = _responder.Answer(asked, reply);
            Keep(asked);
            if (answer.Length > 0)
            {
                Keep(reply.AsSpan(0, answer.Length));
                _socket.TrySend(reply.AsSpan(0, answer.Length));
            }
            _answers.Add(answer);
        }
    }

    private void Keep(ReadOnlySpan<byte> frame)
    {
        lock (_frames) _frames.Add(frame.ToArray());
    }
}

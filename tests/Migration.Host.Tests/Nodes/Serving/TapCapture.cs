using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>
/// Everything that passes a tap, both ways, for tshark. Other than dumpcap it holds nothing back when it is ended: what was sent before has
/// been written.
/// </summary>
internal sealed class TapCapture : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private readonly PacketSocket _socket;
    private readonly BinaryWriter _file;
    private readonly Thread _thread;
    private volatile bool _ending;

    public TapCapture(TestNamespace pod, string tap, string path)
    {
        using var route = RouteClient.Open(pod.Space);
        _socket = PacketSocket.Open(pod.Space, route.GetLink(tap).Index, new PacketOptions { ReceiveBufferBytes = 8 << 20 });
        _file = new BinaryWriter(File.Create(path));
        // pcap-savefile(5): magic, version 2.4, no time zone, snapshot length, Ethernet.
        foreach (var word in new uint[] { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 })
            _file.Write(word);
        _thread = new Thread(Run) { IsBackground = true, Name = "capture" };
        _thread.Start();
    }

    public void Dispose()
    {
        _ending = true;
        _thread.Join();
        _socket.Dispose();
        _file.Dispose();
    }

    private void Run()
    {
        var frame = new byte[65536];
        // What is waiting when the end is asked for is still taken.
        for (uint count = 0; !_ending || _socket.Wait(TimeSpan.Zero);)
        {
            if (!_socket.Wait(Look) || !_socket.TryReceive(frame, out var received))
                continue;
            foreach (var word in new[] { count++, 0u, (uint)received.Length, (uint)received.Length })
                _file.Write(word);
            _file.Write(frame.AsSpan(0, received.Length));
        }
    }
}

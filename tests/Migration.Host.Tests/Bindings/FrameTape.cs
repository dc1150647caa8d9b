using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Bindings;

/// <summary>Everything that arrives on an interface, in order, until a frame that the test sends to end it.</summary>
internal sealed class FrameTape : IDisposable
{
    private static readonly byte[] Mark = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0e, 0, 0, 0, 0, 1, 0x88, 0xb5, .. "end of tape"u8, .. new byte[40]];
    private readonly PacketSocket _socket;

    private FrameTape(PacketSocket socket) => _socket = socket;

    public static FrameTape Start(TestNamespace space, string link)
    {
        using var route = RouteClient.Open(space.Space);
        return new FrameTape(PacketSocket.Open(space.Space, route.GetLink(link).Index, new PacketOptions { IgnoreOutgoing = true }));
    }

    /// <summary>The frames that came before the mark, which is sent at the other end, past all filters.</summary>
    public List<byte[]> Stop(TestNamespace sender, string link)
    {
        using var route = RouteClient.Open(sender.Space);
        using var end = PacketSocket.Open(sender.Space, route.GetLink(link).Index, new PacketOptions { BypassTrafficControl = true, Filter = PacketFilter.Nothing });
        Assert.True(end.TrySend(Mark));
        var frames = new List<byte[]>();
        var buffer = new byte[70_000];
        while (_socket.Wait(LabNode.Limit))
        {
            while (_socket.TryReceive(buffer, out var received))
            {
                var frame = buffer[..received.Length];
                if (frame.AsSpan().StartsWith(Mark.AsSpan(0, 25)))
                    return frames;
                frames.Add(frame);
            }
        }

        throw new TimeoutException($"the mark did not arrive; {frames.Count} other frames did");
    }

    public void Dispose() => _socket.Dispose();
}

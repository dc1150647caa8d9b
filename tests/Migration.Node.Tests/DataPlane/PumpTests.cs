using System.Net.Sockets;
using System.Security.Cryptography;
using Migration.Linux;
using Migration.Node.DataPlane;

namespace Migration.Node.Tests.DataPlane;

public sealed class PumpTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_travel_both_ways_unchanged_and_ends_are_passed_on()
    {
        var (qemu, near) = UnixSocket.Pair();
        var (far, peer) = UnixSocket.Pair();
        using var pump = new Pump(near, new DataConnection(far, new NetworkStream(far), 0));
        pump.Start();
        var memory = RandomNumberGenerator.GetBytes(5_000_000);
        var reply = RandomNumberGenerator.GetBytes(300_000);

        var sending = Task.WhenAll(SendAsync(qemu, memory), SendAsync(peer, reply));
        Assert.Equal(memory, await ReceiveAllAsync(peer));
        Assert.Equal(reply, await ReceiveAllAsync(qemu));
        await sending;

        Assert.Null(await pump.Ended.WaitAsync(Ct));
        Assert.Equal(memory.Length + reply.Length, pump.BytesCarried);
        qemu.Dispose();
        peer.Dispose();
    }

    [Fact]
    public async Task Peer_that_dies_ends_both_directions_with_a_reason()
    {
        var (qemu, near) = UnixSocket.Pair();
        var (far, peer) = UnixSocket.Pair();
        using var pump = new Pump(near, new DataConnection(far, new NetworkStream(far), 0));
        pump.Start();

        peer.Dispose();
        await pump.FarClosed.WaitAsync(Ct);
        var sending = Assert.ThrowsAnyAsync<SocketException>(() => SendAsync(qemu, new byte[10_000_000]));

        Assert.NotNull(await pump.Ended.WaitAsync(Ct));
        await sending;
        qemu.Dispose();
    }

    [Fact]
    public void Header_is_read_as_it_was_written_and_nothing_after_it()
    {
        var header = new ChannelHeader("mig-1", [1, 2, 3, 4], 7);
        var stream = new MemoryStream([.. header.Encode(), 99]);

        var read = ChannelHeader.Read(stream);

        Assert.Equivalent(header, read);
        Assert.Equal(99, stream.ReadByte());
    }

    [Theory]
    [InlineData("")]
    [InlineData("MGR1")]
    [InlineData("GET / HTTP/1.0\r\n\r\n")]
    public void What_is_no_header_is_not_read_as_one(string text) => Assert.Null(ChannelHeader.Read(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(text))));

    [Fact]
    public void Expectation_admits_each_channel_once_by_token_and_certificate()
    {
        byte[] token = [1, 2, 3];
        var expected = new Expectation("m", "a", token, encrypted: true, channels: 2);

        Assert.False(expected.Admits(new("m", [1, 2, 4], 0), "a"));
        Assert.False(expected.Admits(new("m", [1, 2], 0), "a"));
        Assert.False(expected.Admits(new("m", token, 0), "mallory"));
        Assert.False(expected.Admits(new("m", token, 0), null));
        Assert.False(expected.Admits(new("m", token, 2), "a"));
        Assert.True(expected.Admits(new("m", token, 0), "a"));
        Assert.False(expected.Admits(new("m", token, 0), "a"));
        Assert.True(expected.Admits(new("m", token, 1), "a"));
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), SocketFlags.None, Ct);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<byte[]> ReceiveAllAsync(Socket socket)
    {
        using var received = new MemoryStream();
        var buffer = new byte[65536];
        int read;
        while ((read = await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, Ct)) > 0)
            received.Write(buffer, 0, read);
        return received.ToArray();
    }
}

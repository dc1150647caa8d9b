using System.Net.Sockets;
using System.Security.Cryptography;

namespace Migration.Linux.Tests;

public sealed class SpliceTests
{
    [Fact]
    public async Task Bytes_pass_from_socket_to_socket_unchanged_until_the_end()
    {
        var (source, inlet) = UnixSocket.Pair();
        var (outlet, sink) = UnixSocket.Pair();
        using (source)
        using (inlet)
        using (outlet)
        using (sink)
        using (var splice = new Splice())
        {
            var content = RandomNumberGenerator.GetBytes(3 * 1024 * 1024 + 7);
            var sender = Task.Factory.StartNew(() =>
            {
                UnixSocket.Send(source, content);
                source.Shutdown(SocketShutdown.Send);
            }, TaskCreationOptions.LongRunning);
            var mover = Task.Factory.StartNew(() =>
            {
                long moved = 0;
                for (var step = splice.Step(inlet.SafeHandle, outlet.SafeHandle); step > 0; step = splice.Step(inlet.SafeHandle, outlet.SafeHandle))
                    moved += step;
                outlet.Shutdown(SocketShutdown.Send);
                return moved;
            }, TaskCreationOptions.LongRunning);

            var received = new MemoryStream();
            var buffer = new byte[65536];
            for (var read = UnixSocket.Receive(sink, buffer, []); read > 0; read = UnixSocket.Receive(sink, buffer, []))
                received.Write(buffer, 0, read);

            await sender;
            Assert.Equal(content.Length, await mover);
            Assert.Equal(content, received.ToArray());
        }
    }

    [Fact]
    public void A_closed_destination_is_an_error_and_not_an_end()
    {
        var (source, inlet) = UnixSocket.Pair();
        var (outlet, sink) = UnixSocket.Pair();
        using (source)
        using (inlet)
        using (outlet)
        using (var splice = new Splice())
        {
            sink.Dispose();
            UnixSocket.Send(source, "lost"u8);
            Assert.Equal(Errno.EPIPE, Assert.Throws<LinuxException>(() => splice.Step(inlet.SafeHandle, outlet.SafeHandle)).Errno);
        }
    }
}

using System.Net.Sockets;

namespace Migration.Linux.Tests;

public sealed class UnixSocketTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("migration-linux-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_path_longer_than_sun_path_can_be_listened_at_and_connected_to()
    {
        var directory = Directory.CreateDirectory(Path.Combine(_directory, new string('d', 120))).FullName;
        var path = Path.Combine(directory, "launcher.sock");
        using var listener = UnixSocket.Listen(path);

        using var client = UnixSocket.Connect(path);
        using var server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        UnixSocket.Send(client, "hello"u8);

        var buffer = new byte[16];
        var received = UnixSocket.Receive(server, buffer, []);
        Assert.Equal("hello"u8, buffer.AsSpan(0, received));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(Environment.ProcessId, UnixSocket.GetPeer(server).ProcessId);
    }

    [Fact]
    public void Listening_replaces_a_socket_file_left_by_a_dead_process()
    {
        var path = Path.Combine(_directory, "a.sock");
        UnixSocket.Listen(path).Dispose();
        Assert.True(File.Exists(path));

        using var listener = UnixSocket.Listen(path);
        using var client = UnixSocket.Connect(path);
        Assert.True(client.Connected);
    }

    [Fact]
    public void Connecting_where_nobody_listens_names_the_path_and_the_reason()
    {
        var path = Path.Combine(_directory, "absent.sock");

        var missing = Assert.Throws<LinuxException>(() => UnixSocket.Connect(path));
        Assert.Equal(Errno.ENOENT, missing.Errno);
        Assert.Contains(path, missing.Message, StringComparison.Ordinal);

        UnixSocket.Listen(path).Dispose();
        Assert.Equal(Errno.ECONNREFUSED, Assert.Throws<LinuxException>(() => UnixSocket.Connect(path)).Errno);
    }

    [Fact]
    public async Task Descriptors_arrive_with_the_bytes_and_are_open_and_close_on_exec()
    {
        var path = Path.Combine(_directory, "content");
        await File.WriteAllTextAsync(path, "through the socket", TestContext.Current.CancellationToken);
        var (left, right) = UnixSocket.Pair();
        using (left)
        using (right)
        using (var first = FileDescriptor.Open(path))
        using (var second = FileDescriptor.Open("/dev/null", FileAccess.Write))
        {
            var received = new List<FileDescriptor>();
            var buffer = new byte[64];
            var pending = UnixSocket.ReceiveAsync(right, buffer, received, TestContext.Current.CancellationToken);
            Assert.False(pending.IsCompleted);
            UnixSocket.Send(left, "two"u8, first, second);

            Assert.Equal(3, await pending);
            Assert.Equal(2, received.Count);
            Assert.Equal("through the socket", received[0].ReadText());
            Assert.Equal(4, received[1].Write("gone"u8));
            Assert.Contains("flags:\t02", File.ReadAllText($"/proc/self/fdinfo/{received[0].Number}"), StringComparison.Ordinal);
            received.ForEach(descriptor => descriptor.Dispose());
        }
    }

    [Fact]
    public async Task More_than_the_socket_buffer_holds_is_sent_whole_also_on_a_socket_used_asynchronously()
    {
        var (left, right) = UnixSocket.Pair();
        using (left)
        using (right)
        {
            var pending = left.ReceiveAsync(new byte[1], SocketFlags.None); // makes the descriptor non-blocking
            var sent = new byte[4 * 1024 * 1024];
            Random.Shared.NextBytes(sent);
            var sender = Task.Factory.StartNew(() => UnixSocket.Send(left, sent), TaskCreationOptions.LongRunning);

            var received = new byte[sent.Length];
            for (var total = 0; total < received.Length;)
                total += UnixSocket.Receive(right, received.AsSpan(total), []);

            await sender;
            Assert.Equal(sent, received);
            right.Dispose();
            Assert.Equal(0, await pending);
        }
    }

    [Fact]
    public void The_end_of_the_stream_is_zero_bytes_and_a_gone_reader_is_EPIPE()
    {
        var (left, right) = UnixSocket.Pair();
        using (left)
        {
            right.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, UnixSocket.Receive(left, new byte[1], []));
            right.Dispose();
            Assert.Equal(Errno.EPIPE, Assert.Throws<LinuxException>(() => UnixSocket.Send(left, "x"u8)).Errno);
        }
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Migration.Linux;
using Migration.Protos.Launcher;
using Migration.Qemu;
using Migration.Testing;

namespace Migration.Launcher.Tests;

public sealed class HostileInputTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Truncated_request_is_dropped_with_its_connection()
    {
        using var launcher = new LauncherUnderTest();
        using (var socket = launcher.Connect())
            socket.Send((byte[])[0, 0, 0, 50, 1, 2, 3]);

        Assert.Equal(Phase.Waiting, (await launcher.DescribeAsync()).State.Phase);
    }

    [Fact]
    public async Task Unfinished_request_holds_nobody_up()
    {
        using var launcher = new LauncherUnderTest();
        using var socket = launcher.Connect();
        socket.Send((byte[])[0, 0]);

        Assert.Equal(Phase.Waiting, (await launcher.DescribeAsync()).State.Phase);

        var rest = new Request { Describe = new() }.ToByteArray();
        socket.Send([0, (byte)rest.Length, .. rest]);
        Assert.Equal(Phase.Waiting, (await LauncherUnderTest.ReceiveAsync(socket)).State.Phase);
    }

    [Theory]
    [InlineData(LauncherFrame.Limit + 1)]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    public async Task Oversized_request_ends_the_connection(int announced)
    {
        using var launcher = new LauncherUnderTest();
        using var socket = launcher.Connect();
        var header = new byte[LauncherFrame.HeaderSize];
        BinaryPrimitives.WriteInt32BigEndian(header, announced);

        socket.Send(header);

        Assert.True(await IsClosedAsync(socket));
        Assert.Equal(Phase.Waiting, (await launcher.DescribeAsync()).State.Phase);
    }

    [Fact]
    public async Task Request_of_the_largest_size_is_served()
    {
        using var launcher = new LauncherUnderTest();
        var launch = new Launch { Id = "x", Program = "no-such-program", Arguments = { new string('a', LauncherFrame.Limit - 100) } };

        var reply = await launcher.CallAsync(new Request { Launch = launch });

        Assert.Equal("launch: there is no program no-such-program", reply.Error);
    }

    [Fact]
    public async Task Garbage_never_ends_the_launcher()
    {
        using var launcher = new LauncherUnderTest();
        var random = new Random(20261120);
        for (var round = 0; round < 500; round++)
        {
            using var socket = launcher.Connect();
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            if (round % 2 == 0)
                // A plausible length, so that the parser sees the rest.
                BinaryPrimitives.WriteInt32BigEndian(bytes.Length < 4 ? bytes = new byte[4] : bytes, bytes.Length - 4);
            socket.Send(bytes);
        }

        Assert.Equal(Phase.Waiting, (await launcher.DescribeAsync()).State.Phase);
        Assert.False(launcher.Process.HasExited);
    }

    [Fact]
    public async Task Request_of_no_kind_is_answered_with_an_error()
    {
        using var launcher = new LauncherUnderTest();

        Assert.Equal("the request is of an unknown kind", (await launcher.CallAsync(new Request())).Error);
    }

    [Fact]
    public async Task Many_connections_are_served_and_the_one_silent_for_longest_makes_room()
    {
        using var launcher = new LauncherUnderTest();
        var sockets = Enumerable.Range(0, 200).Select(_ => launcher.Connect()).ToArray();
        try
        {
            Assert.Equal(Phase.Waiting, (await launcher.CallAsync(sockets[^1], new Request { Describe = new() })).State.Phase);
            Assert.True(await IsClosedAsync(sockets[0]));
            Assert.Equal(Phase.Waiting, (await launcher.DescribeAsync()).State.Phase);
        }
        finally
        {
            foreach (var socket in sockets)
                socket.Dispose();
        }
    }

    [Fact]
    public async Task Peer_that_does_not_read_its_answers_is_let_go()
    {
        using var launcher = new LauncherUnderTest();
        using var deaf = launcher.Connect();
        var request = new Request { Describe = new() }.ToByteArray();
        byte[] frame = [0, 0, 0, (byte)request.Length, .. request];

        var refused = await Task.Run(() =>
        {
            try
            {
                while (true)
                    deaf.Send(frame);
            }
            catch (SocketException cause)
            {
                return cause.SocketErrorCode;
            }
        }, Ct).WaitAsync(LauncherUnderTest.Limit, Ct);

        Assert.Contains(refused, (SocketError[])[SocketError.Shutdown, SocketError.ConnectionReset]);
        Assert.Equal(Phase.Waiting, (await launcher.DescribeAsync()).State.Phase);
    }

    [Fact]
    public async Task Descriptors_that_belong_to_nothing_are_closed()
    {
        using var launcher = new LauncherUnderTest();
        await launcher.DescribeAsync();
        var before = OpenFiles(launcher);
        using var nothing = FileDescriptor.Open("/dev/null");
        for (var round = 0; round < 20; round++)
        {
            using var socket = launcher.Connect();
            await launcher.CallAsync(socket, new Request { Describe = new() }, [.. Enumerable.Repeat<SafeHandle>(nothing, 50)]);
            UnixSocket.Send(socket, [0], nothing, nothing);
        }

        Assert.True(SpinWait.SpinUntil(() => OpenFiles(launcher) <= before, LauncherUnderTest.Limit), $"{before} files were open, now {OpenFiles(launcher)}");
    }

    [Fact]
    public async Task Another_user_is_turned_away()
    {
        using var launcher = new LauncherUnderTest();
        // What the file's rights would do alone is not enough to know.
        await Shell.RunAsync("chmod", "0777", launcher.SocketPath, Path.GetDirectoryName(launcher.SocketPath)!);

        var output = await Shell.RunAsync("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c",
            $"import socket; s = socket.socket(socket.AF_UNIX); s.connect('{launcher.SocketPath}'); s.settimeout(10); print(s.recv(1))");

        Assert.Equal("b''", output.Trim());
        Assert.Contains("of user 65534", launcher.Process.Errors);
    }

    [Fact]
    public async Task What_was_launched_cannot_command_the_launcher()
    {
        using var launcher = new LauncherUnderTest();
        using var node = launcher.Connect();
        var script = $"import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect('{launcher.SocketPath}'); sys.stderr.write(repr(s.recv(1)))";
        await launcher.CallAsync(node, new Request { Launch = new() { Id = "x", Program = "/usr/bin/python3", Arguments = { "-c", script } } });

        State state;
        do
            state = (await launcher.CallAsync(node, new Request { Describe = new() })).State;
        while (state.Phase != Phase.Ended);

        Assert.Equal("b''", state.LastWords);
        Assert.Contains($"refused process {state.QemuPid}", launcher.Process.Errors);
    }

    [Fact]
    public void Socket_is_for_its_owner_alone()
    {
        using var launcher = new LauncherUnderTest();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(launcher.SocketPath));
    }

    private static int OpenFiles(LauncherUnderTest launcher) => Directory.EnumerateFileSystemEntries($"/proc/{launcher.Process.Id}/fd").Count();

    private static async Task<bool> IsClosedAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(LauncherUnderTest.Limit);
        try
        {
            return await socket.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Migration.Linux;

namespace Migration.Qemu.Tests;

public sealed class QmpSessionTests : IDisposable
{
    // Nothing here takes time: this only ends a test that hangs.
    private readonly CancellationTokenSource _limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public QmpSessionTests() => _limit.CancelAfter(TimeSpan.FromSeconds(30));

    private CancellationToken Ct => _limit.Token;

    public void Dispose() => _limit.Dispose();

    [Fact]
    public async Task Greeting_tells_the_version_and_out_of_band_is_negotiated_when_offered()
    {
        var (server, connecting) = ScriptedQmpServer.Begin(Ct);
        using var _ = server;
        await server.SendAsync(ScriptedQmpServer.Greeting);

        var negotiation = await server.ReceiveAsync(Ct);
        await server.SendAsync("{\"return\": {}}\r\n");
        await using var session = await connecting;

        Assert.Equal("""{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}""", negotiation.GetRawText());
        Assert.True(session.OutOfBand);
        Assert.Equal(new QemuVersion(7, 2, 22, "Debian"), session.Version);
    }

    [Fact]
    public async Task Without_out_of_band_nothing_is_asked_for_and_commands_go_the_ordinary_way()
    {
        var (server, connecting) = ScriptedQmpServer.Begin(Ct);
        using var _ = server;
        await server.SendAsync("""{"QMP": {"version": {"qemu": {"micro": 0, "minor": 0, "major": 10}, "package": ""}, "capabilities": []}}""" + "\n");
        Assert.Equal("""{"execute":"qmp_capabilities"}""", (await server.ReceiveAsync(Ct)).GetRawText());
        await server.SendAsync("{\"return\": {}}\n");
        await using var session = await connecting;

        var answer = session.ExecuteOutOfBandAsync("yank", null, Ct);

        var command = await server.ReceiveAsync(Ct);
        Assert.Equal("yank", command.GetProperty("execute").GetString());
        await server.SendAsync("""{"return": {}, "id": 1}""" + "\n");
        await answer;
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "no JSON")]
    [InlineData("[]\n", "no JSON object")]
    [InlineData("{\"hello\": 1}\n", "did not greet")]
    [InlineData("{\"QMP\": {\"version\": 3}}\n", "did not greet")]
    public async Task Peer_that_is_no_qemu_is_refused_with_the_reason(string greeting, string reason)
    {
        var (server, connecting) = ScriptedQmpServer.Begin(Ct);
        using var _ = server;

        await server.SendAsync(greeting);

        var refused = await Assert.ThrowsAsync<QmpException>(() => connecting);
        Assert.True(refused.SessionEnded);
        Assert.Contains(reason, refused.Message);
    }

    [Fact]
    public async Task Refused_negotiation_is_told_in_qemus_words()
    {
        var (server, connecting) = ScriptedQmpServer.Begin(Ct);
        using var _ = server;
        await server.SendAsync(ScriptedQmpServer.Greeting);
        await server.ReceiveAsync(Ct);

        await server.SendAsync("""{"error": {"class": "GenericError", "desc": "no such capability"}}""" + "\n");

        var refused = await Assert.ThrowsAsync<QmpException>(() => connecting);
        Assert.Equal("qmp_capabilities: no such capability", refused.Message);
    }

    [Fact]
    public async Task Cancelled_while_another_client_is_served_the_connection_is_given_up()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var (server, connecting) = ScriptedQmpServer.Begin(cancel.Token);
        using var _ = server;

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        await Assert.ThrowsAsync<EndOfStreamException>(() => server.ReceiveAsync(Ct));
    }

    [Fact]
    public async Task Socket_that_nobody_listens_at_is_named()
    {
        var refused = await Assert.ThrowsAsync<QmpException>(() => QmpSession.ConnectAsync("/nowhere/qmp.sock", Ct));

        Assert.True(refused.SessionEnded);
        Assert.Contains("/nowhere/qmp.sock", refused.Message);
    }

    [Fact]
    public async Task Replies_reach_their_commands_in_any_order()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        var first = session.ExecuteAsync("first", null, Ct);
        var second = session.ExecuteAsync("second", null, Ct);
        var ids = (await server.ReceiveIdAsync(Ct), await server.ReceiveIdAsync(Ct));

        await server.SendAsync($"{{\"return\": \"two\", \"id\": {ids.Item2}}}\n{{\"return\": \"one\", \"id\": {ids.Item1}}}\n");

        Assert.Equal("one", (await first).GetString());
        Assert.Equal("two", (await second).GetString());
    }

    [Fact]
    public async Task Lines_may_be_cut_anywhere_and_several_may_come_at_once()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        using var events = session.Listen();
        var answer = session.ExecuteAsync("query-name", null, Ct);
        var id = await server.ReceiveIdAsync(Ct);
        var bytes = Encoding.UTF8.GetBytes($$"""
            {"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}

            {"return": {"name": "Zürich"}, "id": {{id}}}
            {"timestamp": {"seconds": 3, "microseconds": 4}, "event": "RESUME"}

            """);

        foreach (var piece in bytes)
            await server.SendAsync(new[] { piece });

        Assert.Equal("Zürich", (await answer).GetProperty("name").GetString());
        var stop = await events.NextAsync(Ct);
        Assert.Equal(("STOP", DateTimeOffset.UnixEpoch.AddSeconds(1).AddMicroseconds(2)), (stop.Name, stop.Timestamp));
        Assert.Equal("RESUME", (await events.NextAsync(Ct)).Name);
    }

    [Fact]
    public async Task Long_lines_are_read_whole()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        var answer = session.ExecuteAsync("query-qmp-schema", null, Ct);
        var id = await server.ReceiveIdAsync(Ct);
        var text = new string('x', 5_000_000);

        await server.SendAsync($"{{\"return\": \"{text}\", \"id\": {id}}}\n");

        Assert.Equal(text.Length, (await answer).GetString()!.Length);
    }

    [Fact]
    public async Task Refused_command_tells_command_class_and_description()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        var answer = session.ExecuteAsync("cont", null, Ct);
        var id = await server.ReceiveIdAsync(Ct);

        await server.SendAsync($$$"""{"id": {{{id}}}, "error": {"class": "GenericError", "desc": "Failed to get \"write\" lock"}}""" + "\n");

        var refused = await Assert.ThrowsAsync<QmpException>(() => answer);
        Assert.Equal(("cont", "GenericError", "Failed to get \"write\" lock"), (refused.Command, refused.Class, refused.Description));
        Assert.Equal("cont: Failed to get \"write\" lock", refused.Message);
        Assert.False(refused.SessionEnded);
    }

    [Fact]
    public async Task Lost_reply_ends_with_its_caller_and_comes_too_late_without_harm()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var lost = session.ExecuteAsync("stop", null, cancel.Token);
        var id = await server.ReceiveIdAsync(Ct);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lost);
        var next = session.ExecuteAsync("query-status", null, Ct);
        var nextId = await server.ReceiveIdAsync(Ct);
        await server.SendAsync($"{{\"return\": {{}}, \"id\": {id}}}\n{{\"return\": 7, \"id\": {nextId}}}\n");

        Assert.Equal(7, (await next).GetInt32());
    }

    [Theory]
    [InlineData("this is not JSON\n", "no JSON")]
    [InlineData("17\n", "no JSON object")]
    [InlineData("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, stray 'x'\"}}\n", "stray 'x'")]
    [InlineData("{\"return\": {}}\n", "nothing that was asked")]
    [InlineData("{\"event\": \"STOP\"}\n", "unknown shape")]
    [InlineData("{\"return\": {}, \"id\": \"one\"}\n", "unknown shape")]
    public async Task Garbage_ends_the_session_and_everybody_gets_that_cause(string garbage, string cause)
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        using var events = session.Listen();
        var waiting = session.ExecuteAsync("query-status", null, Ct);
        await server.ReceiveAsync(Ct);

        await server.SendAsync(garbage);

        var refused = await Assert.ThrowsAsync<QmpException>(() => waiting);
        Assert.True(refused.SessionEnded);
        Assert.StartsWith("query-status: ", refused.Message);
        Assert.Contains(cause, refused.Message);
        Assert.Contains(cause, (await session.Ended.WaitAsync(Ct)).Message);
        Assert.Contains(cause, (await Assert.ThrowsAsync<QmpException>(async () => await events.NextAsync(Ct))).Message);
        Assert.Contains(cause, (await Assert.ThrowsAsync<QmpException>(() => session.ExecuteAsync("cont", null, Ct))).Message);
        using var late = session.Listen();
        Assert.Contains(cause, (await Assert.ThrowsAsync<QmpException>(async () => await late.NextAsync(Ct))).Message);
    }

    [Fact]
    public async Task Line_without_end_ends_the_session()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;

        // The session stops reading somewhere in here and closes the connection under the writer.
        var sending = server.SendAsync(new byte[QmpLines.Limit + 1].AsMemory());

        Assert.Contains($"longer than {QmpLines.Limit} bytes", (await session.Ended.WaitAsync(Ct)).Message);
        await Record.ExceptionAsync(() => sending);
    }

    [Fact]
    public async Task Disconnect_in_the_middle_of_a_command_leaves_its_outcome_open()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        await using var __ = session;
        var waiting = session.ExecuteAsync("migrate", new JsonObject { ["uri"] = "unix:/x" }, Ct);
        await server.ReceiveAsync(Ct);
        await server.SendAsync("{\"return\": ");

        server.Dispose();

        var ended = await Assert.ThrowsAsync<QmpException>(() => waiting);
        Assert.True(ended.SessionEnded);
        Assert.Equal("migrate", ended.Command);
    }

    [Fact]
    public async Task Quit_is_content_with_a_session_that_ends()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        await using var __ = session;
        var quitting = session.QuitAsync(Ct);
        await server.ReceiveAsync(Ct);

        server.Dispose();

        await quitting;
    }

    [Fact]
    public async Task Disposed_session_answers_nobody_and_says_why()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        var waiting = session.ExecuteAsync("query-status", null, Ct);

        await session.DisposeAsync();

        Assert.Contains("the session was closed", (await Assert.ThrowsAsync<QmpException>(() => waiting)).Message);
        Assert.True((await session.Ended.WaitAsync(Ct)).SessionEnded);
    }

    [Fact]
    public async Task Listener_that_is_not_read_overflows_alone()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        using var lazy = session.Listen("RTC_CHANGE");
        using var other = session.Listen("STOP");
        var burst = new StringBuilder();
        for (var count = 0; count <= QmpEvents.Capacity; count++)
            burst.Append("""{"timestamp": {"seconds": 1, "microseconds": 0}, "event": "RTC_CHANGE"}""").Append('\n');
        burst.Append("""{"timestamp": {"seconds": 1, "microseconds": 0}, "event": "STOP"}""").Append('\n');

        await server.SendAsync(burst.ToString());

        Assert.Equal("STOP", (await other.NextAsync(Ct)).Name);
        for (var count = 0; count < QmpEvents.Capacity; count++)
            Assert.Equal("RTC_CHANGE", (await lazy.NextAsync(Ct)).Name);
        var overflow = await Assert.ThrowsAsync<QmpException>(async () => await lazy.NextAsync(Ct));
        Assert.Equal("Overflow", overflow.Class);
        Assert.False(session.Ended.IsCompleted);
    }

    [Fact]
    public async Task Listener_gets_only_what_it_asked_for_and_only_while_it_is_open()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        var closed = session.Listen("STOP");
        closed.Dispose();
        using var open = session.Listen("MIGRATION");

        await server.SendAsync("""
            {"timestamp": {"seconds": 1, "microseconds": 0}, "event": "STOP"}
            {"timestamp": {"seconds": 1, "microseconds": 0}, "event": "MIGRATION", "data": {"status": "pre-switchover"}}

            """);

        Assert.Equal(MigrationStatus.PreSwitchover, (await open.NextAsync(Ct)).MigrationStatus);
        Assert.False(closed.TryNext(out var nothing) || open.TryNext(out nothing));
    }

    [Fact]
    public async Task Event_that_does_not_come_in_time_is_null()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        using var events = session.Listen();

        Assert.Null(await events.NextAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, Ct));
    }

    [Fact]
    public async Task Commands_are_written_whole_whoever_gives_up_meanwhile()
    {
        var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
        using var _ = server;
        await using var __ = session;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        // More than the socket takes at once, and nobody reads.
        var large = session.ExecuteAsync("large", new JsonObject { ["text"] = new string('x', 4_000_000) }, cancel.Token);
        var behind = session.ExecuteAsync("behind", null, cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => behind);
        var next = session.ExecuteAsync("next", null, Ct);

        Assert.Equal("large", (await server.ReceiveAsync(Ct)).GetProperty("execute").GetString());
        var command = await server.ReceiveAsync(Ct);
        Assert.Equal("next", command.GetProperty("execute").GetString());
        await server.SendAsync($"{{\"return\": 1, \"id\": {command.GetProperty("id")}}}\n");
        Assert.Equal(1, (await next).GetInt32());
    }

    [Fact]
    public async Task Descriptor_travels_with_its_command()
    {
        var (left, right) = UnixSocket.Pair();
        using var peer = left;
        var connecting = QmpSession.ConnectAsync(right, Ct);
        UnixSocket.Send(peer, Encoding.UTF8.GetBytes(ScriptedQmpServer.Greeting));
        var received = new List<FileDescriptor>();
        var buffer = new byte[4096];
        await UnixSocket.ReceiveAsync(peer, buffer, received, Ct);
        UnixSocket.Send(peer, "{\"return\": {}}\n"u8);
        await using var session = await connecting;
        using var file = FileDescriptor.Open("/dev/null");

        var answer = session.GetFdAsync("migration", file, Ct);
        var length = await UnixSocket.ReceiveAsync(peer, buffer, received, Ct);
        UnixSocket.Send(peer, "{\"return\": {}, \"id\": 1}\n"u8);
        await answer;

        Assert.Equal("""{"execute":"getfd","id":1,"arguments":{"fdname":"migration"}}""" + "\n", Encoding.UTF8.GetString(buffer, 0, length));
        using var sent = Assert.Single(received);
        Assert.Equal("/dev/null", new FileInfo($"/proc/self/fd/{sent.Number}").LinkTarget);
    }

    [Fact]
    public async Task Random_bytes_never_hang_or_crash_a_session()
    {
        var random = new Random(20261120);
        for (var round = 0; round < 200; round++)
        {
            var (session, server) = await ScriptedQmpServer.ConnectAsync(Ct);
            await using var __ = session;
            var waiting = session.ExecuteAsync("query-status", null, Ct);
            await server.SendAsync(Mutated(random, """{"return": {"status": "running", "running": true}, "id": 1}""" + "\n"));
            server.Dispose();

            // Either the mutation spared the answer, or the session ended with a cause.
            if (await Record.ExceptionAsync(() => waiting) is { } failure)
                Assert.True(Assert.IsType<QmpException>(failure) is { SessionEnded: true } or { Command: "query-status" });
            await session.Ended.WaitAsync(Ct);
        }
    }

    private static ReadOnlyMemory<byte> Mutated(Random random, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var change = random.Next(1, 4); change > 0; change--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }
}

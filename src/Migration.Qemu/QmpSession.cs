using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Linux;

namespace Migration.Qemu;

/// <summary>
/// A negotiated QMP connection. The protocol: one JSON object per line; QEMU greets, we answer <c>qmp_capabilities</c>, and from
/// then on send commands with an id and get <c>return</c> or <c>error</c> with the same id, in any order, with events in between.
/// <para>
/// There are two states only: running, and ended with a cause that every waiting and later caller gets. QEMU serves one session at a
/// time: while somebody else is connected, connecting waits for the greeting until the token is cancelled.
/// </para>
/// </summary>
public sealed partial class QmpSession : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly QmpLines _lines;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly TaskCompletionSource<QmpException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    // Protects the four below.
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Call> _calls = [];
    private readonly List<QmpEvents> _listeners = [];
    private long _lastId;
    private QmpException? _cause;

    private QmpSession(Socket socket, QmpLines lines, QemuVersion version, bool outOfBand)
    {
        _socket = socket;
        _lines = lines;
        Version = version;
        OutOfBand = outOfBand;
        _reading = ReadAsync();
    }

    /// <summary>For people and reports; whether QEMU can do a thing is asked with <see cref="QuerySchemaAsync"/>.</summary>
    public QemuVersion Version { get; }

    /// <summary>QEMU executes some commands even while the monitor is busy.</summary>
    public bool OutOfBand { get; }

    /// <summary>Completes with the cause when the session has ended. Never fails.</summary>
    public Task<QmpException> Ended => _ended.Task;

    /// <summary>Connects to a QMP unix socket, of any path length, and negotiates.</summary>
    public static async Task<QmpSession> ConnectAsync(string path, CancellationToken ct)
    {
        Socket socket;
        try
        {
            socket = UnixSocket.Connect(path);
        }
        catch (LinuxException cause)
        {
            throw QmpException.Ended("connect", cause.Message, cause);
        }

        return await ConnectAsync(socket, ct);
    }

    /// <summary>Negotiates on a connected socket, which the session owns from now on even if this fails.</summary>
    public static async Task<QmpSession> ConnectAsync(Socket socket, CancellationToken ct)
    {
        try
        {
            var lines = new QmpLines(socket);
            var (version, outOfBand) = ReadGreeting(Parse(await lines.NextAsync(ct)));
            await SendAllAsync(socket, Negotiation(outOfBand));
            JsonElement answer;
            do
                answer = Parse(await lines.NextAsync(ct));
            while (answer.TryGetProperty("event", out _));
            if (answer.TryGetProperty("error", out var error))
                throw new QmpException("qmp_capabilities", error.Text("class"), error.Text("desc"));
            return new QmpSession(socket, lines, version, outOfBand);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Executes a command and gives what it returned. Cancelling forgets the answer, not the command: QEMU carries it out all the same.
    /// </summary>
    public Task<JsonElement> ExecuteAsync(string command, JsonObject? arguments, CancellationToken ct) =>
        CallAsync("execute", command, arguments, null, ct);

    /// <summary>As <see cref="ExecuteAsync"/>, ahead of commands that QEMU is busy with; for the few commands that allow it.</summary>
    public Task<JsonElement> ExecuteOutOfBandAsync(string command, JsonObject? arguments, CancellationToken ct) =>
        CallAsync(OutOfBand ? "exec-oob" : "execute", command, arguments, null, ct);

    /// <summary>Opens a listener for events of these names (all, when none is given). Open it before the command that causes them.</summary>
    public QmpEvents Listen(params string[] names) => Listen(happened => names.Length == 0 || names.Contains(happened.Name));

    public QmpEvents Listen(Func<QmpEvent, bool> wanted)
    {
        var listener = new QmpEvents(wanted, Close);
        lock (_gate)
        {
            if (_cause is { } cause)
                listener.End(cause);
            else
                _listeners.Add(listener);
        }

        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        End(QmpException.Ended("close", "the session was closed"));
        await _reading;
    }

    private async Task<JsonElement> CallAsync(string verb, string command, JsonObject? arguments, SafeHandle? file, CancellationToken ct)
    {
        var (id, call) = Register(command);
        try
        {
            // Half a line would spoil the session: the write finishes, or the session ends, whatever happens to the caller.
            await _writing.WaitAsync(ct);
            await WriteAsync(Line(verb, id, command, arguments), file).WaitAsync(ct);
            return await call.Answer.Task.WaitAsync(ct);
        }
        finally
        {
            lock (_gate)
                _calls.Remove(id);
        }
    }

    private (long Id, Call Call) Register(string command)
    {
        lock (_gate)
        {
            if (_cause is { } cause)
                throw cause.For(command);
            var call = new Call(command, new(TaskCreationOptions.RunContinuationsAsynchronously));
            _calls.Add(++_lastId, call);
            return (_lastId, call);
        }
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> line, SafeHandle? file)
    {
        try
        {
            if (file is null)
                await SendAllAsync(_socket, line);
            else
                UnixSocket.Send(_socket, line.Span, file);
        }
        catch (Exception cause) when (cause is SocketException or LinuxException or ObjectDisposedException)
        {
            // Whoever wrote waits for the answer and gets the session's cause.
            End(QmpException.Ended("write", cause.Message, cause));
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
                Dispatch(Parse(await _lines.NextAsync(CancellationToken.None)));
        }
        catch (QmpException cause)
        {
            End(cause);
        }
        catch (Exception cause) when (cause is InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            End(QmpException.Ended("read", "QEMU sent a message of an unknown shape", cause));
        }
    }

    private void Dispatch(JsonElement message)
    {
        if (message.TryGetProperty("event", out _))
            Publish(QmpEvent.From(message));
        else if (!message.TryGetProperty("id", out var id))
            throw QmpException.Ended("read", Unattributed(message));
        else
            Complete(id.GetInt64(), message);
    }

    private static string Unattributed(JsonElement message) => message.TryGetProperty("error", out var error)
        ? $"QEMU could not make out a command: {error.Text("desc")}"
        : "QEMU answered nothing that was asked";

    private void Complete(long id, JsonElement message)
    {
        Call? call;
        lock (_gate)
        {
            // An answer that nobody waits for any more.
            if (!_calls.TryGetValue(id, out call))
                return;
        }

        if (message.TryGetProperty("return", out var result))
            call.Answer.TrySetResult(result);
        else
            call.Answer.TrySetException(Refusal(call.Command, message.GetProperty("error")));
    }

    private static QmpException Refusal(string command, JsonElement error) => new(command, error.Text("class"), error.Text("desc"));

    private void Publish(QmpEvent happened)
    {
        QmpEvents[] listeners;
        lock (_gate)
            listeners = [.. _listeners];
        foreach (var listener in listeners)
            listener.Offer(happened);
    }

    private void Close(QmpEvents listener)
    {
        lock (_gate)
            _listeners.Remove(listener);
    }

    // The first cause is the one that everybody gets.
    private void End(QmpException cause)
    {
        Call[] calls;
        QmpEvents[] listeners;
        lock (_gate)
        {
            if (_cause is not null)
                return;
            _cause = cause;
            (calls, listeners) = ([.. _calls.Values], [.. _listeners]);
        }

        _socket.Dispose();
        foreach (var call in calls)
            call.Answer.TrySetException(cause.For(call.Command));
        foreach (var listener in listeners)
            listener.End(cause);
        _ended.TrySetResult(cause);
    }

    private static JsonElement Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line.Span);
            var message = JsonElement.ParseValue(ref reader);
            return message.ValueKind == JsonValueKind.Object
                ? message
                : throw QmpException.Ended("read", "QEMU sent something that is no JSON object");
        }
        catch (JsonException cause)
        {
            throw QmpException.Ended("read", $"QEMU sent something that is no JSON: {cause.Message}", cause);
        }
    }

    private static (QemuVersion Version, bool OutOfBand) ReadGreeting(JsonElement greeting)
    {
        try
        {
            var qmp = greeting.GetProperty("QMP");
            var outOfBand = qmp.GetProperty("capabilities").EnumerateArray().Any(offered => offered.ValueEquals("oob"u8));
            return (QemuVersion.From(qmp.GetProperty("version")), outOfBand);
        }
        catch (Exception cause) when (cause is KeyNotFoundException or InvalidOperationException)
        {
            throw QmpException.Ended("connect", "the peer did not greet as QEMU does", cause);
        }
    }

    private static ReadOnlyMemory<byte> Negotiation(bool outOfBand) => outOfBand
        ? "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}\n"u8.ToArray()
        : "{\"execute\":\"qmp_capabilities\"}\n"u8.ToArray();

    private static ReadOnlyMemory<byte> Line(string verb, long id, string command, JsonObject? arguments)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(line))
        {
            writer.WriteStartObject();
            writer.WriteString(verb, command);
            writer.WriteNumber("id", id);
            if (arguments is not null)
            {
                writer.WritePropertyName("arguments");
                arguments.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        return line.WrittenMemory;
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
    }

    private sealed record Call(string Command, TaskCompletionSource<JsonElement> Answer);
}

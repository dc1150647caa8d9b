using System.Net.Sockets;
using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Protos.Launcher;
using Migration.Qemu;

namespace Migration.Launcher;

/// <summary>
/// One thread, one loop: requests, QEMU's end, its words on standard error, SIGTERM, and deadlines. Nothing in it waits for
/// a peer. The launcher ends when QEMU has ended, with its exit code, unless it was made an anchor before.
/// </summary>
internal sealed class Launcher : IDisposable
{
    private const int MostConnections = 64;
    private const int KilledBy = 128;

    // Before an error that trying again will not mend.
    private const char Final = '!';

    // A node that lost its QEMU wants to know why; it has this long to ask.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceAfterTerminate = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PatienceAsAnchor = TimeSpan.FromSeconds(1);

    private readonly LauncherOptions _options;
    private readonly TimeProvider _time;
    private readonly Poller _poller = new();
    private readonly Socket _listener;
    private readonly PosixSignalRegistration _terminate;
    private readonly List<Connection> _connections = [];
    private readonly State _state = new() { Phase = Phase.Waiting, ResolverConfiguration = ReadResolverConfiguration() };
    private QemuProcess? _qemu;
    private IReadOnlyList<string> _arguments = [];
    private Task? _poweringDown;
    private bool _anchorWanted;
    private int? _exitCode;
    private volatile bool _signalled;

    // Deadlines; infinite while there is none. In order: ask QEMU to end, make it end, leave.
    private long _terminateAt = long.MaxValue, _killAt = long.MaxValue, _leaveAt = long.MaxValue;

    public Launcher(LauncherOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            _signalled = true;
            _poller.Wake();
        });
        _listener = UnixSocket.Listen(options.SocketPath);
        _listener.Blocking = false;
        _poller.Watch(_listener.SafeHandle, Accept);
    }

    public int Run()
    {
        Log.Write($"waiting at {_options.SocketPath}");
        while (_exitCode is null)
        {
            _poller.Wait(UntilNextDeadline());
            if (_signalled && !_state.Stopping)
                Stop();
            if (_state.Stopping)
                PowerDownIfAlone();
            PassDeadlines();
        }

        return _exitCode.Value;
    }

    public void Dispose()
    {
        _terminate.Dispose();
        foreach (var connection in _connections)
            connection.Dispose();
        _listener.Dispose();
        File.Delete(_options.SocketPath);
        _qemu?.Dispose();
        _poller.Dispose();
    }

    // Of all processes only the pod's own see what the kubelet had mounted there, whichever runtime made the pod.
    private static string ReadResolverConfiguration()
    {
        const int Most = 8 << 10;
        try
        {
            var text = File.ReadAllText("/etc/resolv.conf");
            return text.Length <= Most ? text : text[..Most];
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private void Accept()
    {
        Socket socket;
        try
        {
            socket = _listener.Accept();
        }
        catch (SocketException)
        {
            // Whoever knocked has left.
            return;
        }

        var peer = UnixSocket.GetPeer(socket);
        if (!MayConnect(peer))
        {
            Log.Write($"refused process {peer.ProcessId} of user {peer.UserId}");
            socket.Dispose();
            return;
        }

        if (_connections.Count >= MostConnections)
            Close(_connections.MinBy(connection => connection.LastHeard)!, "it was silent for longest, and there are too many");
        var accepted = new Connection(socket, peer, _time.GetTimestamp());
        _connections.Add(accepted);
        accepted.Watch = _poller.Watch(socket.SafeHandle, () => Serve(accepted));
    }

    // QEMU has our own user; were it taken over by its guest, this socket would be its way out of the sandbox.
    private bool MayConnect(PeerCredentials peer) =>
        (peer.UserId == 0 || peer.UserId == ProcessImage.EffectiveUser) && peer.ProcessId != _qemu?.Id;

    private void Serve(Connection connection)
    {
        connection.LastHeard = _time.GetTimestamp();
        if (!connection.TryReceive(out var reason))
        {
            Close(connection, reason);
            return;
        }

        while (_connections.Contains(connection))
        {
            if (!connection.TryNext(out var request, out var files))
            {
                Close(connection, "it sent what is no request");
                return;
            }

            if (request is null)
                return;
            try
            {
                Answer(connection, request, files);
            }
            finally
            {
                foreach (var file in files)
                    file.Dispose();
            }
        }
    }

    private void Answer(Connection connection, Request request, IReadOnlyList<FileDescriptor> files)
    {
        var error = request.RequestCase switch
        {
            Request.RequestOneofCase.Launch => Launch(request.Launch, files),
            Request.RequestOneofCase.Describe => "",
            Request.RequestOneofCase.Shutdown => Shutdown(TimeSpan.FromMilliseconds(request.Shutdown.GraceMilliseconds)),
            Request.RequestOneofCase.BecomeAnchor => BecomeAnchor(connection),
            _ => "the request is of an unknown kind",
        };
        if (!connection.AwaitsEnd)
            Reply(connection, error);
    }

    private void Reply(Connection connection, string error)
    {
        connection.AwaitsEnd = false;
        var final = error.StartsWith(Final);
        if (!connection.TryReply(new Reply { Error = final ? error[1..] : error, Final = final, State = _state }))
            Close(connection, "it does not take its answers");
        // Who asked now knows how QEMU ended: there is nothing more to say.
        else if (_state.Phase == Phase.Ended)
            Leave();
    }

    private void Close(Connection connection, string reason)
    {
        if (reason.Length > 0)
            Log.Write($"closed the connection of process {connection.Peer.ProcessId}: {reason}");
        _connections.Remove(connection);
        connection.Dispose();
    }

    private string Launch(Launch request, IReadOnlyList<FileDescriptor> files)
    {
        if (_state.Phase != Phase.Waiting)
            return request.Id == _state.LaunchId ? "" : $"launch {request.Id}: {_state.LaunchId} was launched already";
        if (_state.Stopping)
            return $"launch {request.Id}: the pod is being stopped";
        if (!LaunchPlan.TryMake(request, files, out var plan, out var reason))
            return reason;
        try
        {
            foreach (var (path, digest) in DiskFiles.Prepare(request.DiskFiles))
                _state.Digests[path] = digest;
        }
        catch (IOException refused)
        {
            return $"{Final}{refused.Message}";
        }

        try
        {
            _qemu = QemuProcess.Start(plan!, _poller, QemuEnded);
        }
        catch (LinuxException refused)
        {
            return $"launch {request.Id}: {refused.Message}";
        }

        _arguments = plan!.Arguments;
        (_state.Phase, _state.LaunchId, _state.QemuPid) = (Phase.Running, request.Id, _qemu.Id);
        Log.Write($"started {request.Program} as process {_qemu.Id} for {request.Id}");
        return "";
    }

    private string Shutdown(TimeSpan grace)
    {
        if (_qemu?.Exit is null && _qemu is not null)
            EndQemu(grace);
        else
            // After the answer was sent.
            _leaveAt = 0;
        return "";
    }

    private string BecomeAnchor(Connection connection)
    {
        if (_state.Phase == Phase.Anchor)
            return "";
        if (_qemu is null)
            return "become anchor: nothing was launched";
        // Also a QEMU that has just ended by itself: as long as we are here, we can stay.
        _leaveAt = long.MaxValue;
        _exitCode = null;
        if (_qemu.Exit is not null)
        {
            _state.Phase = Phase.Anchor;
            return "";
        }

        _anchorWanted = true;
        connection.AwaitsEnd = true;
        EndQemu(PatienceAsAnchor);
        return "";
    }

    private void EndQemu(TimeSpan grace)
    {
        _qemu!.Signal(ProcessSignal.Terminate);
        _killAt = Math.Min(_killAt, After(grace));
    }

    private void QemuEnded()
    {
        _qemu!.Bury();
        var exit = _qemu.Exit!.Value;
        (_state.ExitCode, _state.ExitSignal, _state.LastWords) = (exit.Code, exit.Signal, _qemu.LastWords);
        _state.Phase = _anchorWanted ? Phase.Anchor : Phase.Ended;
        (_terminateAt, _killAt) = (long.MaxValue, long.MaxValue);
        Log.Write(exit.Signal == 0 ? $"process {_qemu.Id} ended with code {exit.Code}" : $"process {_qemu.Id} was ended by signal {exit.Signal}");

        foreach (var connection in _connections.Where(connection => connection.AwaitsEnd).ToArray())
            Reply(connection, "");
        if (_state.Phase == Phase.Ended)
            _leaveAt = After(Linger);
        else if (_state.Stopping)
            Leave();
    }

    private void Stop()
    {
        _state.Stopping = true;
        Log.Write("asked to stop");
        if (_state.Phase == Phase.Running)
            _terminateAt = After(_options.Grace);
        else
            Leave();
    }

    // The node presses the guest's power button when it sees that we stop. Without a node it is our turn.
    private void PowerDownIfAlone()
    {
        if (_poweringDown is null && _state.Phase == Phase.Running && _connections.Count == 0 && QemuCommandLine.MonitorPath(_arguments) is { } path)
            _poweringDown = PowerDownAsync(path);
    }

    private async Task PowerDownAsync(string path)
    {
        try
        {
            using var patience = new CancellationTokenSource(_options.Grace, _time);
            await using var session = await QmpSession.ConnectAsync(path, patience.Token);
            await session.PowerDownAsync(patience.Token);
            Log.Write("asked the guest to shut down");
        }
        catch (Exception refused) when (refused is QmpException or OperationCanceledException)
        {
            Log.Write($"could not ask the guest to shut down: {refused.Message}");
        }
    }

    private void PassDeadlines()
    {
        var now = _time.GetTimestamp();
        if (now >= _terminateAt)
        {
            _terminateAt = long.MaxValue;
            Log.Write("the guest did not shut down in time");
            EndQemu(PatienceAfterTerminate);
        }

        if (now >= _killAt)
        {
            _killAt = long.MaxValue;
            _qemu!.Signal(ProcessSignal.Kill);
        }

        if (now >= _leaveAt)
            Leave();
    }

    private void Leave() => _exitCode = _state.Phase != Phase.Ended ? 0
        : _state.ExitSignal != 0 ? KilledBy + _state.ExitSignal
        : _state.ExitCode;

    private long After(TimeSpan delay) => _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);

    private TimeSpan UntilNextDeadline()
    {
        var next = Math.Min(_terminateAt, Math.Min(_killAt, _leaveAt));
        if (next == long.MaxValue)
            return Timeout.InfiniteTimeSpan;
        var left = next - _time.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / _time.TimestampFrequency);
    }
}

using System.Net.Sockets;
using Google.Protobuf;
using Migration.Linux;
using Migration.Protos.Launcher;
using Migration.Qemu;

namespace Migration.Launcher;

/// <summary>
/// One peer on the socket. It is never waited for: what it has sent is taken, and one that does not read its answers is let go.
/// </summary>
internal sealed class Connection : IDisposable
{
    // More than any machine has NICs and queues.
    private const int MostDescriptors = 253;

    private readonly Socket _socket;
    private readonly List<FileDescriptor> _descriptors = [];
    private byte[] _buffer = new byte[1024];
    private int _length;

    public Connection(Socket socket, PeerCredentials peer, long connectedAt)
    {
        _socket = socket;
        _socket.Blocking = false;
        Peer = peer;
        LastHeard = connectedAt;
    }

    public Socket Socket => _socket;

    public PeerCredentials Peer { get; }

    public IDisposable? Watch { get; set; }

    public long LastHeard { get; set; }

    /// <summary>Its request is answered when QEMU is gone.</summary>
    public bool AwaitsEnd { get; set; }

    /// <summary>
    /// Takes what has come. False when the peer is gone, or sent what is no request; the reason is for the log.
    /// </summary>
    public bool TryReceive(out string reason)
    {
        reason = "";
        try
        {
            var received = UnixSocket.Receive(_socket, _buffer.AsSpan(_length), _descriptors);
            _length += received;
            if (received == 0)
                reason = _length > 0 ? "it left in the middle of a request" : "";
            else if (_descriptors.Count > MostDescriptors)
                reason = "it sent too many descriptors";
            else
                return TryMakeRoom(out reason);
        }
        catch (LinuxException gone)
        {
            reason = gone.Message;
        }

        return false;
    }

    /// <summary>
    /// The next whole request, with the descriptors that came with it, which are the caller's from then on; null when there is none
    /// yet. False when the bytes are no request.
    /// </summary>
    public bool TryNext(out Request? request, out IReadOnlyList<FileDescriptor> files)
    {
        (request, files) = (null, []);
        if (_length < LauncherFrame.HeaderSize)
            return true;
        if (!LauncherFrame.TryReadHeader(_buffer, out var size))
            return false;
        var end = LauncherFrame.HeaderSize + size;
        if (_length < end)
            return true;

        try
        {
            request = Request.Parser.ParseFrom(_buffer.AsSpan(LauncherFrame.HeaderSize, size));
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }

        files = [.. _descriptors];
        _descriptors.Clear();
        _buffer.AsSpan(end, _length - end).CopyTo(_buffer);
        _length -= end;
        return true;
    }

    /// <summary>False when the peer is gone or does not take the answer.</summary>
    public bool TryReply(Reply reply)
    {
        var message = reply.ToByteArray();
        var frame = new byte[LauncherFrame.HeaderSize + message.Length];
        LauncherFrame.WriteHeader(frame, message.Length);
        message.CopyTo(frame, LauncherFrame.HeaderSize);
        // A stream socket of the unix family takes a message of this size whole or not at all, but for a full buffer.
        return _socket.Send(frame, SocketFlags.None, out var error) == frame.Length && error == SocketError.Success;
    }

    public void Dispose()
    {
        Watch?.Dispose();
        foreach (var descriptor in _descriptors)
            descriptor.Dispose();
        _socket.Dispose();
    }

    private bool TryMakeRoom(out string reason)
    {
        reason = "";
        if (_length < _buffer.Length)
            return true;
        if (!LauncherFrame.TryReadHeader(_buffer, out var size))
        {
            reason = $"it announced a request of more than {LauncherFrame.Limit} bytes";
            return false;
        }

        var needed = LauncherFrame.HeaderSize + size;
        if (needed > _buffer.Length)
            Array.Resize(ref _buffer, Math.Min(needed, _buffer.Length * 2));
        return true;
    }
}

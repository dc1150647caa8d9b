using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Migration.Linux;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>
/// portforward.k8s.io: for every connection that somebody makes to kubectl there are two streams with one request id, data both ways and an error
/// for people. The connection goes on to the port on the pod's own loopback.
/// </summary>
internal sealed class PortForwarding(SpdyConnection connection, string pod, string networkNamespace, string hint)
{
    private const int PieceSize = 32 * 1024;

    private readonly ConcurrentDictionary<string, SpdyStream> _errors = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _running = new();

    public async Task RunAsync(CancellationToken ct)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            await connection.RunAsync(stream => Accept(stream, session.Token), session.Token);
        }
        finally
        {
            await session.CancelAsync();
            await Task.WhenAll(_running.Keys);
        }
    }

    private void Accept(SpdyStream stream, CancellationToken ct)
    {
        // The error stream always comes first, so that a refusal has somewhere to go.
        if (stream.Header("streamtype") == "error")
        {
            _errors[stream.Header("requestid")] = stream;
            return;
        }

        if (!_errors.TryRemove(stream.Header("requestid"), out var errors))
            throw new InvalidDataException($"data stream {stream.Id} has no error stream");
        var forwarding = ForwardAsync(stream, errors, ct);
        _running.TryAdd(forwarding, 0);
        forwarding.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream errors, CancellationToken ct)
    {
        try
        {
            var refusal = await ForwardOrSayWhyNotAsync(data, ct);
            await data.EndAsync(ct);
            if (refusal is not null)
                await errors.SendAsync(Encoding.UTF8.GetBytes(refusal), ct);
            await errors.EndAsync(ct);
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // The client is gone, with everything that could still be said to it.
        }
        finally
        {
            data.Forget();
            errors.Forget();
        }
    }

    private async Task<string?> ForwardOrSayWhyNotAsync(SpdyStream data, CancellationToken ct)
    {
        var wanted = data.Header("port");
        try
        {
            using var socket = await ConnectAsync(wanted, ct);
            await Task.WhenAll(UpAsync(data, socket, ct), DownAsync(socket, data, ct));
            return null;
        }
        catch (Exception refused) when (refused is SocketException or LinuxException or FormatException or OverflowException)
        {
            return $"error forwarding port {wanted} to pod {pod}: {refused.Message}{hint}";
        }
    }

    private async Task<Socket> ConnectAsync(string wanted, CancellationToken ct)
    {
        var port = ushort.Parse(wanted, CultureInfo.InvariantCulture);
        try
        {
            return await ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), ct);
        }
        catch (SocketException)
        {
            return await ConnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, port), ct);
        }
    }

    private async Task<Socket> ConnectAsync(IPEndPoint target, CancellationToken ct)
    {
        // A socket stays in the namespace it was made in, wherever it is used.
        using var space = NetworkNamespace.Open(networkNamespace);
        var socket = space.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(target, ct);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task UpAsync(SpdyStream data, Socket socket, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                var read = await data.Input.ReadAsync(ct);
                foreach (var piece in read.Buffer)
                    await SendAllAsync(socket, piece, ct);
                data.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled)
                    break;
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // The client has reset its stream, or the program in the pod does not listen any more: neither says anything further.
            socket.Dispose();
        }
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, ct)..];
    }

    private static async Task DownAsync(Socket socket, SpdyStream data, CancellationToken ct)
    {
        var buffer = new byte[PieceSize];
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer, ct)) > 0)
                await data.SendAsync(buffer.AsMemory(0, count), ct);
        }
        catch (Exception gone) when (IsGone(gone))
        {
            // A connection that was reset has no more to say than one that was closed.
        }

        // The client may keep its half open for as long as it likes; the program has ended the conversation.
        data.Input.CancelPendingRead();
    }

    private static bool IsGone(Exception failure) =>
        failure is IOException or OperationCanceledException or ObjectDisposedException or SocketException or WebSocketException;
}

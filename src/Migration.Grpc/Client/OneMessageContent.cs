using System.Net;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A request body of one frame. The frame's buffer is given back when neither the call nor the transport uses it.</summary>
internal sealed class OneMessageContent(FrameWriter frame) : HttpContent
{
    // The call is one user; the transport is another while it sends, and may send again on a new connection.
    private int _users = 1;
    private int _callHasLeft;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken ct)
    {
        if (!TryUse()) throw new OperationCanceledException("The call has ended.");
        try
        {
            await stream.WriteAsync(frame.Frame, ct);
        }
        finally
        {
            Leave();
        }
    }

    // Without a content length the frame is the only thing that says how long the message is.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _callHasLeft, 1) == 0) Leave();
        base.Dispose(disposing);
    }

    private bool TryUse()
    {
        while (true)
        {
            var users = Volatile.Read(ref _users);
            if (users == 0) return false;
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users) return true;
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0) frame.Release();
    }
}

using System.Net;

namespace Grpc.Net.Client;

/// <summary>A request body that stays open for messages to be written until it is completed.</summary>
internal sealed class ManyMessagesContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Where to write, once the transport has a stream for it; or why it never will.</summary>
    public Task<Stream> Opened => _opened.Task;

    public void Complete() => _completed.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken ct)
    {
        await SendHeadersAsync(stream, ct);
        if (!_opened.TrySetResult(stream)) throw new IOException("A stream of requests cannot be sent again on another connection.");
        await _completed.Task.WaitAsync(ct);
    }

    // The transport holds the headers back until the first byte or flush; the server may answer without any message. It may even have
    // ended the call by now.
    private async Task SendHeadersAsync(Stream stream, CancellationToken ct)
    {
        try
        {
            await stream.FlushAsync(ct);
        }
        catch (Exception e)
        {
            // Looking at the exception says that it was seen: there may be no writer.
            if (_opened.TrySetException(e)) _ = _opened.Task.Exception;
            throw;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Complete();
        base.Dispose(disposing);
    }
}

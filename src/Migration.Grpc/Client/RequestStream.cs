using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The client's messages, written into the request's body.</summary>
internal sealed class RequestStream<T>(ClientCall call, ManyMessagesContent content, IMethod method, Marshaller<T> marshaller) : IClientStreamWriter<T>
{
    private bool _completed;
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (_completed) throw new InvalidOperationException($"{method.FullName}: the request stream has been completed.");
        if (Interlocked.Exchange(ref _writing, 1) == 1) throw new InvalidOperationException($"{method.FullName}: the previous write has not ended.");
        var frame = new FrameWriter();
        try
        {
            using var cancellation = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), call);
            call.Write(frame, message, marshaller.ContextualSerializer, WriteOptions);
            await SendAsync(frame);
        }
        finally
        {
            frame.Release();
            Volatile.Write(ref _writing, 0);
        }
    }

    public async Task CompleteAsync()
    {
        if (_completed) return;
        if (Volatile.Read(ref _writing) == 1) throw new InvalidOperationException($"{method.FullName}: the previous write has not ended.");
        _completed = true;
        await Task.WhenAny(content.Opened, call.Finished);
        content.Complete();
    }

    private async Task SendAsync(FrameWriter frame)
    {
        await Task.WhenAny(content.Opened, call.Finished);
        if (call.Finished.IsCompleted) throw Ended();
        try
        {
            var stream = await content.Opened;
            await stream.WriteAsync(frame.Frame, call.Stopped);
            await stream.FlushAsync(call.Stopped);
        }
        catch (Exception e)
        {
            // The server may have ended the call; where somebody reads its response all the time, its word is better than our guess.
            if (method.Type == MethodType.ClientStreaming) await call.Finished;
            throw call.Finished.IsCompleted ? Ended() : new RpcException(call.StatusOf(e));
        }
    }

    private Exception Ended() => call.GetStatus().StatusCode == StatusCode.OK
        ? new InvalidOperationException($"{method.FullName}: the call has ended.")
        : call.Failure();
}

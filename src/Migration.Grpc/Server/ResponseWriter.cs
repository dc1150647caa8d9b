using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>The server's messages, as a service writes them.</summary>
internal sealed class ResponseWriter<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
{
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, call.CancellationToken);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _writing, 1) == 1) throw new InvalidOperationException($"{call.Method}: the previous write has not ended.");
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            call.CancellationToken.ThrowIfCancellationRequested();
            call.WriteMessage(message, marshaller.ContextualSerializer, WriteOptions);
            if (WriteOptions?.Flags.HasFlag(WriteFlags.BufferHint) != true) await call.FlushAsync(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}

using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The server's messages, read from the response's body.</summary>
internal sealed class ResponseStream<T>(ClientCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;
    private int _reading;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) == 1) throw new InvalidOperationException("The previous read has not ended.");
        try
        {
            using var cancellation = cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), call);
            _current = await call.ReadMessageAsync(marshaller.ContextualDeserializer);
            return _current is not null;
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }
}

using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>The client's messages, as a service reads them.</summary>
internal sealed class RequestReader<T>(ServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled || cancellationToken == call.CancellationToken) return await ReadAsync(call.CancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.CancellationToken);
        return await ReadAsync(either.Token);
    }

    private async ValueTask<bool> ReadAsync(CancellationToken ct)
    {
        _current = await call.ReadMessageAsync(marshaller.ContextualDeserializer, ct);
        return _current is not null;
    }
}

namespace Grpc.Core;

/// <summary>Messages to the other side, one at a time.</summary>
public interface IAsyncStreamWriter<in T>
{
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Sends a message; done when the peer's flow control has taken it. One write at a time.</summary>
    Task WriteAsync(T message);

    Task WriteAsync(T message, CancellationToken cancellationToken) => cancellationToken.CanBeCanceled
        ? throw new NotSupportedException("This stream's writes cannot be cancelled.")
        : WriteAsync(message);
}

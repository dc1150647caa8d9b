namespace Grpc.Core;

/// <summary>Messages from the other side, one at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    T Current { get; }

    /// <summary>Waits for the next message. False: there are no more.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

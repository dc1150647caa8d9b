namespace Grpc.Core;

/// <summary>The client's messages to the server.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Says that there are no more.</summary>
    Task CompleteAsync();
}

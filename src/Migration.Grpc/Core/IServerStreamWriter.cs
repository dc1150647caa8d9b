namespace Grpc.Core;

/// <summary>The server's messages to the client.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}

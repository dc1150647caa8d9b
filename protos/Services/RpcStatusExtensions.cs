using Google.Protobuf;

namespace Grpc.Core;

/// <summary>Statuses with details: from a <see cref="Google.Rpc.Status"/> to an exception, and back.</summary>
public static class RpcStatusExtensions
{
    private const string Header = "grpc-status-details-bin";

    /// <summary>The exception that a service throws to end its call with this status and its details.</summary>
    public static RpcException ToRpcException(this Google.Rpc.Status status)
    {
        Metadata trailers = new() { { Header, status.ToByteArray() } };
        return new RpcException(new Status((StatusCode)status.Code, status.Message), trailers);
    }

    /// <summary>The status with its details as the server sent it. Null: it sent none.</summary>
    public static Google.Rpc.Status? GetRpcStatus(this RpcException exception)
    {
        if (exception.Trailers.GetValueBytes(Header) is not { } bytes) return null;
        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>The first detail of that type.</summary>
    public static T? GetDetail<T>(this Google.Rpc.Status status)
        where T : class, IMessage<T>, new()
    {
        var descriptor = new T().Descriptor;
        return status.Details.FirstOrDefault(detail => detail.Is(descriptor))?.Unpack<T>();
    }
}

using System.Buffers;

namespace Grpc.Net.Client;

/// <summary>A message that came, in a buffer of the pool until disposed; or the end of the messages.</summary>
internal readonly struct ResponseFrame(byte[]? pooled, ReadOnlyMemory<byte> message) : IDisposable
{
    private readonly bool _isMessage = true;

    public bool IsMessage => _isMessage;

    public ReadOnlyMemory<byte> Message { get; } = message;

    public void Dispose()
    {
        if (pooled is not null) ArrayPool<byte>.Shared.Return(pooled);
    }
}

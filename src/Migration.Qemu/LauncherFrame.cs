using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Migration.Linux;

namespace Migration.Qemu;

/// <summary>
/// How messages travel between node and launcher (launcher.proto): four bytes of length, big endian, then the message.
/// Descriptors travel with the first byte of the message that they belong to.
/// </summary>
public static class LauncherFrame
{
    public const int HeaderSize = 4;

    /// <summary>No message of the contract comes near this.</summary>
    public const int Limit = 1024 * 1024;

    public static void Send(Socket socket, ReadOnlySpan<byte> message, params ReadOnlySpan<SafeHandle> descriptors)
    {
        var frame = new byte[HeaderSize + message.Length];
        WriteHeader(frame, message.Length);
        message.CopyTo(frame.AsSpan(HeaderSize));
        UnixSocket.Send(socket, frame, descriptors);
    }

    public static void WriteHeader(Span<byte> frame, int length) => BinaryPrimitives.WriteInt32BigEndian(frame, length);

    /// <summary>The length that a header announces; false when it is more than the limit.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out int length)
    {
        length = BinaryPrimitives.ReadInt32BigEndian(header);
        return length is >= 0 and <= Limit;
    }

    /// <summary>The next message. Throws <see cref="IOException"/> when the peer is gone or speaks something else.</summary>
    public static async Task<byte[]> ReceiveAsync(Socket socket, CancellationToken ct)
    {
        var header = new byte[HeaderSize];
        await FillAsync(socket, header, ct);
        if (!TryReadHeader(header, out var length))
            throw new IOException($"the launcher announced a message of {(uint)length} bytes; the limit is {Limit}");
        var message = new byte[length];
        await FillAsync(socket, message, ct);
        return message;
    }

    private static async Task FillAsync(Socket socket, Memory<byte> buffer, CancellationToken ct)
    {
        while (!buffer.IsEmpty)
        {
            var received = await socket.ReceiveAsync(buffer, SocketFlags.None, ct);
            if (received == 0)
                throw new EndOfStreamException("the launcher closed the connection");
            buffer = buffer[received..];
        }
    }
}

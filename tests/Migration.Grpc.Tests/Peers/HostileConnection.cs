using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Migration.Grpc.Tests;

/// <summary>A TCP connection that says what no HTTP/2 client would, in one of many ways, and hangs up.</summary>
internal static class HostileConnection
{
    private const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, PushPromise = 5, Ping = 6, GoAway = 7, WindowUpdate = 8, Continuation = 9;
    private const byte EndStream = 1, EndHeaders = 4;

    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    private static readonly byte[] OwnSettings = Frame(Settings, 0, 0, []);

    private static readonly Func<Random, byte[]>[] Ways =
    [
        random => Noise(random, 2000),
        random => [.. Preface, .. Noise(random, 2000)],
        random => [.. Preface, .. OwnSettings, .. Frame(Headers, EndHeaders | EndStream, 1, Noise(random, 200))],
        random => [.. Preface, .. OwnSettings, .. Call(1), .. Frame(Data, 0, 1, Noise(random, 100))],
        random => [.. Preface, .. OwnSettings, .. Call(1), .. Frame(Data, EndStream, 1, Noise(random, 100))],
        random => [.. Preface, .. OwnSettings, .. Call(1), .. Frame(Data, EndStream, 1, [0, 0, 0, 0, 0]), .. Frame(Data, 0, 1, Noise(random, 9))],
        random => [.. Preface, .. OwnSettings, .. Enumerable.Range(0, 20).SelectMany(i => Call(2 * i + 1).Concat(Frame(Reset, 0, 2 * i + 1, Noise(random, 4))))],
        random => [.. Preface, .. OwnSettings, .. Frame(Data, 0, random.Next(100), Noise(random, 50))],
        _ => [.. Preface, .. OwnSettings, .. Call(1), .. Frame(WindowUpdate, 0, 1, [0x7f, 255, 255, 255]), .. Frame(WindowUpdate, 0, 0, [0x7f, 255, 255, 255])],
        _ => [.. Preface, .. OwnSettings, .. Call(1), .. Frame(WindowUpdate, 0, 1, [0, 0, 0, 0])],
        _ => [.. Preface, .. OwnSettings, .. Call(2)],
        _ => [.. Preface, .. OwnSettings, .. Call(3), .. Call(1)],
        random => [.. Preface, .. OwnSettings, .. Frame(Continuation, EndHeaders, 1, Noise(random, 20))],
        random => [.. Preface, .. OwnSettings, .. Frame(PushPromise, EndHeaders, 1, Noise(random, 20))],
        random => [.. Preface, .. OwnSettings, .. Frame(Settings, 0, 0, Noise(random, 7))],
        random => [.. Preface, .. OwnSettings, .. Frame(Settings, 0, 0, Noise(random, 60))],
        random => [.. Preface, .. OwnSettings, .. Enumerable.Range(0, 50).SelectMany(_ => Frame(Ping, 0, 0, Noise(random, 8)))],
        random => [.. Preface, .. OwnSettings, .. Call(1), .. Frame(GoAway, 0, 0, Noise(random, 8))],
        random => [.. Preface, .. OwnSettings, .. Frame(Priority, 0, 1, Noise(random, 3))],
        random => [.. Preface, .. OwnSettings, 0xff, 0xff, 0xff, Data, 0, 0, 0, 0, 1, .. Noise(random, 50)],
        random => [.. Preface, .. OwnSettings, .. Frame((byte)random.Next(10, 256), (byte)random.Next(256), random.Next(5), Noise(random, 30))],
        random => [.. Preface, .. OwnSettings, .. Block(1, (":method", "POST"), (":path", "/grpc.testing.TestService/EmptyCall"))],
        random => [.. Preface, .. OwnSettings, .. Block(1, (":method", "POST"), (":scheme", "http"), (":path", "relative"), ("content-type", "application/grpc"))],
        random => [.. Preface, .. OwnSettings, .. Block(1, ("content-type", "application/grpc"), (":method", "POST"), (":scheme", "http"), (":path", "/a/b"))],
        random => [.. Preface, .. OwnSettings, .. Block(1, (":method", "POST"), (":scheme", "http"), (":path", "/a/b"), ("UPPER", "case"))],
    ];

    /// <summary>Says it, and waits until the server has hung up as well.</summary>
    public static async Task SayAsync(Uri server, int way, Random random, CancellationToken ct)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Port, ct);
        try
        {
            await socket.SendAsync(Ways[way % Ways.Length](random), ct);
            socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, ct) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
        {
            // Hanging up in the middle of our words is a fair answer to them.
        }
    }

    private static byte[] Call(int stream) => Block(
        stream,
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", "/grpc.testing.TestService/FullDuplexCall"),
        ("content-type", "application/grpc"),
        ("te", "trailers"));

    private static byte[] Block(int stream, params (string Name, string Value)[] headers) =>
        Frame(Headers, EndHeaders, stream, [.. headers.SelectMany(header => Literal(header.Name, header.Value))]);

    // RFC 7541 §6.2.2: literal, not indexed, not Huffman-coded; all of ours are shorter than 127.
    private static IEnumerable<byte> Literal(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static byte[] Noise(Random random, int most)
    {
        var bytes = new byte[most < 10 ? most : random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }
}

using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink.Tests;

/// <summary>
/// Plays the kernel at the other end of a real socket pair: each request is answered by what a delegate returns, a list of datagrams. Runs on a thread of
/// its own until disposed; a failure in the script is rethrown then.
/// </summary>
internal sealed class ScriptedKernel : IDisposable
{
    public const uint Port = 4711;

    private readonly KernelSocket _kernel;
    private readonly Task _answering;

    public ScriptedKernel(Func<Request, IEnumerable<byte[]>> answer)
    {
        (var client, _kernel) = KernelSocket.Pair();
        Socket = new NetlinkSocket(client, Port, TimeSpan.FromMilliseconds(200));
        _answering = Task.Factory.StartNew(() => Answer(answer), TaskCreationOptions.LongRunning);
    }

    public NetlinkSocket Socket { get; }

    public List<Request> Requests { get; } = [];

    /// <summary>One message, with a body and attributes as bytes.</summary>
    public static byte[] Message(Request request, ushort type, byte[] body, ushort flags = 0, uint? sequence = null, uint port = Port)
    {
        var message = new byte[NetlinkHeader.Align(NetlinkHeader.Size + body.Length)];
        MemoryMarshal.Write(message, new NetlinkHeader
        {
            Length = (uint)(NetlinkHeader.Size + body.Length),
            Type = type,
            Flags = flags,
            Sequence = sequence ?? request.Header.Sequence,
            Port = port,
        });
        body.CopyTo(message, NetlinkHeader.Size);
        return message;
    }

    /// <summary>An acknowledgement, capped (the request's header alone is repeated), with extended words if there are any.</summary>
    public static byte[] Acknowledge(Request request, int errno = 0, string? words = null, int? offset = null)
    {
        var body = new List<byte>();
        body.AddRange(BitConverter.GetBytes(-errno));
        body.AddRange(MemoryMarshal.AsBytes([request.Header]).ToArray());
        if (words is not null)
            body.AddRange(Attribute(1, [.. System.Text.Encoding.UTF8.GetBytes(words), 0]));
        if (offset is { } position)
            body.AddRange(Attribute(2, BitConverter.GetBytes(position)));
        var flags = (ushort)(NetlinkHeader.Capped | (words is null && offset is null ? 0 : NetlinkHeader.HasAttributes));
        return Message(request, NetlinkHeader.Error, [.. body], flags);
    }

    public static byte[] Done(Request request, int errno = 0, ushort flags = NetlinkHeader.Multi, byte[]? attributes = null) =>
        Message(request, NetlinkHeader.Done, [.. BitConverter.GetBytes(-errno), .. attributes ?? []], flags);

    public static byte[] Attribute(ushort type, byte[] value)
    {
        var attribute = new byte[NetlinkHeader.Align(4 + value.Length)];
        BitConverter.TryWriteBytes(attribute, (ushort)(4 + value.Length));
        BitConverter.TryWriteBytes(attribute.AsSpan(2), type);
        value.CopyTo(attribute, 4);
        return attribute;
    }

    /// <summary>A link's message: <c>struct ifinfomsg</c> and its name.</summary>
    public static byte[] Link(Request request, int index, string name, ushort flags = 0)
    {
        var body = new byte[16];
        BitConverter.TryWriteBytes(body.AsSpan(4), index);
        return Message(request, LinkMessage.New, [.. body, .. Attribute(3, [.. System.Text.Encoding.UTF8.GetBytes(name), 0])], flags);
    }

    public void Dispose()
    {
        Socket.Dispose();
        _answering.GetAwaiter().GetResult();
        _kernel.Dispose();
    }

    private void Answer(Func<Request, IEnumerable<byte[]>> answer)
    {
        var buffer = new byte[65536];
        for (var length = _kernel.Receive(buffer); length > 0; length = _kernel.Receive(buffer))
        {
            var request = new Request(MemoryMarshal.Read<NetlinkHeader>(buffer), buffer[NetlinkHeader.Size..length]);
            Requests.Add(request);
            foreach (var datagram in answer(request))
                _kernel.Send(datagram);
        }
    }

    internal sealed record Request(NetlinkHeader Header, byte[] Body);
}

using System.Buffers;
using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink;

/// <summary>
/// One netlink conversation with the kernel: a request, then its whole answer. Strict (the kernel refuses what it does not understand)
/// and talkative (extended acknowledgements).
/// <para>
/// Synchronous on purpose: the kernel does the work inside <c>send</c> and the answer is queued when it returns, so there is nothing to
/// await; a call takes microseconds, or as long as the kernel's own lock is busy. Any thread may call; one request runs at a time.
/// </para>
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    /// <summary>Dumps that another change overtook are started again this often.</summary>
    public const int DumpAttempts = 5;

    /// <summary>Whom in the kernel to speak to: NETLINK_ROUTE, NETLINK_NETFILTER.</summary>
    public const int Route = 0, Netfilter = 12;

    private const int AF_NETLINK = 16, SOCK_RAW = 3;
    private const int SOL_NETLINK = 270, NETLINK_CAP_ACK = 10, NETLINK_EXT_ACK = 11, NETLINK_GET_STRICT_CHK = 12;

    // What a datagram may have without asking; the kernel's default is 208 KiB, of which it takes some for itself.
    private const int UsualSendLimit = 128 * 1024;

    // The kernel fills at most 32 KiB of a dump into one datagram.
    private const int BufferSize = 64 * 1024;

    // An answer that is not there when send returns was lost; waiting is for the scripted peer of the tests and for pathological load.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly KernelSocket _socket;
    private readonly uint _port;

    // Protects everything below: a request and its answer belong together.
    private readonly Lock _gate = new();
    private readonly byte[] _buffer = new byte[BufferSize];
    private uint _sequence;

    /// <summary>Speaks through a socket that is set up already: the kernel's, or a test's pair.</summary>
    internal NetlinkSocket(KernelSocket socket, uint port, TimeSpan answerLimit)
    {
        _socket = socket;
        _port = port;
        socket.SetReceiveTimeout(answerLimit);
    }

    /// <summary>Opens a conversation with a part of a namespace's kernel, or with that of this process's own namespace.</summary>
    public static NetlinkSocket Open(NetworkNamespace? space, int protocol)
    {
        var socket = KernelSocket.Open(space, AF_NETLINK, SOCK_RAW, protocol);
        try
        {
            socket.SetOption(SOL_NETLINK, NETLINK_CAP_ACK, 1);
            socket.SetOption(SOL_NETLINK, NETLINK_EXT_ACK, 1);
            socket.SetOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
            return new NetlinkSocket(socket, BindToAnyPort(socket), AnswerLimit);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A change: done when this returns, refused when it throws.</summary>
    public void Execute(MessageWriter request, string operation)
    {
        Request(request, operation, flags: 0);
        KernelChange.Made(operation);
    }

    /// <summary>A question with one answer.</summary>
    public T Get<T>(MessageWriter request, string operation, MessageParser<T> parse)
    {
        var replies = Request(request, operation, flags: 0);
        return replies.Count == 1
            ? parse(replies[0].Type, replies[0].Body)
            : throw new NetlinkException(operation, Errno.EBADMSG, $"{replies.Count} answers where one was expected");
    }

    /// <summary>All objects of a kind, consistent: a dump that was overtaken by a change is repeated, and reported in the end.</summary>
    public List<T> Dump<T>(MessageWriter request, string operation, MessageParser<T> parse)
    {
        for (var attempt = 0; attempt < DumpAttempts; attempt++)
        {
            if (Request(request, operation, NetlinkHeader.Dump) is { Interrupted: false } replies)
                return replies.ConvertAll(reply => parse(reply.Type, reply.Body));
        }

        throw new NetlinkException(operation, Errno.EINTR, $"changes kept overtaking the dump, {DumpAttempts} times");
    }

    /// <summary>
    /// Several changes in one datagram, of which the kernel makes all or none. Only the last one is acknowledged: answers come
    /// in the order of the requests, and those before it are answered only if they are refused. So it takes two answers at most to know, however
    /// many requests there are; a refusal carries the operation of the request it belongs to.
    /// </summary>
    public void ExecuteBatch(MessageWriter begin, IReadOnlyList<BatchedRequest> requests, MessageWriter end, string operation)
    {
        lock (_gate)
        {
            try
            {
                var first = ++_sequence;
                var batch = WriteBatchLocked(begin, requests, end);
                if (batch.Length > UsualSendLimit)
                    _socket.SetSendBuffer(2 * batch.Length);
                _socket.Send(batch);
                ReceiveVerdict(first, requests, operation);
            }
            catch (LinuxException exception)
            {
                Drain();
                throw new NetlinkException(operation, exception.Errno, exception.Errno == Errno.EAGAIN ? "no answer" : null);
            }
            catch (NetlinkException exception)
            {
                Drain();
                if (exception.Operation != AttributeReader.Reading)
                    throw;
                throw new NetlinkException(operation, exception.Errno, exception.KernelMessage);
            }
        }

        KernelChange.Made(operation);
    }

    public void Dispose() => _socket.Dispose();

    private ReadOnlySpan<byte> WriteBatchLocked(MessageWriter begin, IReadOnlyList<BatchedRequest> requests, MessageWriter end)
    {
        var batch = new ArrayBufferWriter<byte>(BufferSize);
        batch.Write(begin.Complete(_sequence, _port, 0));
        for (var index = 0; index < requests.Count; index++)
            batch.Write(requests[index].Message.Complete(++_sequence, _port, index == requests.Count - 1 ? NetlinkHeader.Acknowledge : (ushort)0));
        batch.Write(end.Complete(++_sequence, _port, 0));
        return batch.WrittenSpan;
    }

    private void ReceiveVerdict(uint first, IReadOnlyList<BatchedRequest> requests, string operation)
    {
        while (true)
        {
            var reader = new ReplyReader(_buffer.AsSpan(0, _socket.Receive(_buffer)));
            while (reader.Next())
            {
                if (!IsExpected(reader.Header, first, _sequence))
                    continue;

                var number = (int)(reader.Header.Sequence - first);
                var end = ReadEnd(reader) ?? throw AttributeReader.Malformed($"a message of type {reader.Header.Type} in answer to a transaction");
                if (end.Failed)
                    throw end.ToException(number >= 1 && number <= requests.Count ? requests[number - 1].Operation : operation);
                if (number == requests.Count)
                    return;
            }
        }
    }

    private static unsafe uint BindToAnyPort(KernelSocket socket)
    {
        var address = new SocketAddress { Family = AF_NETLINK };
        socket.Bind(new ReadOnlySpan<byte>(&address, sizeof(SocketAddress)));
        socket.GetAddress(new Span<byte>(&address, sizeof(SocketAddress)));
        return address.Port;
    }

    private Replies Request(MessageWriter request, string operation, ushort flags)
    {
        lock (_gate)
        {
            try
            {
                // Everything is acknowledged, so every answer has a visible end.
                var sequence = ++_sequence;
                _socket.Send(request.Complete(sequence, _port, (ushort)(flags | NetlinkHeader.Acknowledge)));
                return ReceiveAnswer(sequence, operation);
            }
            catch (LinuxException exception)
            {
                Drain();
                var words = exception.Errno == Errno.EAGAIN ? "no answer" : null;
                throw new NetlinkException(operation, exception.Errno, words);
            }
            catch (NetlinkException exception) when (exception.Errno == Errno.EBADMSG && exception.Operation != operation)
            {
                Drain();
                throw new NetlinkException(operation, exception.Errno, exception.KernelMessage);
            }
        }
    }

    private Replies ReceiveAnswer(uint sequence, string operation)
    {
        var replies = new Replies();
        while (true)
        {
            var reader = new ReplyReader(_buffer.AsSpan(0, _socket.Receive(_buffer)));
            while (reader.Next())
            {
                if (!IsExpected(reader.Header, sequence, sequence))
                    continue;

                replies.Interrupted |= (reader.Header.Flags & NetlinkHeader.DumpInterrupted) != 0;
                if (ReadEnd(reader) is not { } end)
                    replies.Add(new Reply(reader.Header.Type, reader.Body.ToArray()));
                else if (end.Failed)
                    throw end.ToException(operation);
                else
                    return replies;
            }
        }
    }

    /// <summary>Skips what belongs to an earlier request that was given up; anything else that is not ours is an error.</summary>
    private bool IsExpected(NetlinkHeader header, uint first, uint last)
    {
        if (header.Port != _port)
            throw AttributeReader.Malformed($"an answer for port {header.Port}, ours is {_port}");
        return (int)(header.Sequence - last) <= 0
            ? (int)(header.Sequence - first) >= 0
            : throw AttributeReader.Malformed($"an answer to request {header.Sequence}, the last one was {last}");
    }

    private static Acknowledgement? ReadEnd(ReplyReader reader) =>
        reader.Header.Type switch
        {
            NetlinkHeader.Error => Acknowledgement.ReadError(reader.Body, reader.Header.Flags),
            NetlinkHeader.Done => Acknowledgement.ReadDone(reader.Body, reader.Header.Flags),
            NetlinkHeader.Overrun => throw AttributeReader.Malformed("overrun"),
            _ => null,
        };

    /// <summary>
    /// Reads what is left of a broken answer, so that the next request starts clean: the kernel refuses a dump while an earlier one
    /// is unread.
    /// </summary>
    private void Drain()
    {
        try
        {
            while (_socket.TryReceive(_buffer, out _))
            {
            }
        }
        catch (LinuxException)
        {
            // The first failure is the one that is reported.
        }
    }

    private sealed class Replies : List<Reply>
    {
        public bool Interrupted { get; set; }
    }

    private readonly record struct Reply(ushort Type, byte[] Body);

    /// <summary><c>struct sockaddr_nl</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SocketAddress
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }
}

using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink.Tests;

/// <summary>How the answers to a transaction are told apart, with a kernel that answers as the real one, or does not.</summary>
public sealed class TransactionTests
{
    private const string Operation = "commit";

    private static readonly TableName Table = new(FilterFamily.Ipv4, "t");

    [Fact]
    public void Only_the_last_request_is_acknowledged_and_all_are_in_one_datagram()
    {
        using var kernel = new ScriptedKernel(batch => [Answer(batch, 3)]);
        Execute(kernel);

        var messages = MessagesOf(Assert.Single(kernel.Requests));
        Assert.Equal([FilterMessage.BatchBegin, FilterMessage.NewTable, FilterMessage.NewTable, FilterMessage.NewTable, FilterMessage.BatchEnd], messages.Select(message => message.Type));
        Assert.Equal([1u, 2u, 3u, 4u, 5u], messages.Select(message => message.Sequence));
        Assert.Equal([false, false, false, true, false], messages.Select(message => (message.Flags & NetlinkHeader.Acknowledge) != 0));
    }

    [Fact]
    public void A_refusal_carries_the_operation_and_the_words_of_its_own_request()
    {
        using var kernel = new ScriptedKernel(batch => [Answer(batch, 2, Errno.EEXIST, "there is one"), Answer(batch, 3, Errno.ENOENT)]);
        var refused = Assert.Throws<NetlinkException>(() => Execute(kernel));
        Assert.Equal(("second", Errno.EEXIST, "there is one"), (refused.Operation, refused.Errno, refused.KernelMessage));
    }

    [Fact]
    public void A_refusal_of_the_whole_is_told_as_such()
    {
        // The commit itself failed: the kernel answers the first edge, then the acknowledgements that it had collected.
        using var kernel = new ScriptedKernel(batch => [Answer(batch, 0, Errno.EPERM), Answer(batch, 3)]);
        var refused = Assert.Throws<NetlinkException>(() => Execute(kernel));
        Assert.Equal((Operation, Errno.EPERM), (refused.Operation, refused.Errno));
    }

    [Fact]
    public void What_is_left_of_a_refused_one_does_not_disturb_the_next()
    {
        var refuse = true;
        using var kernel = new ScriptedKernel(batch => refuse
            ? [[.. Answer(batch, 1, Errno.EINVAL), .. Answer(batch, 2, Errno.EINVAL)], Answer(batch, 3, Errno.EINVAL)]
            : [Answer(batch, 3)]);
        Assert.Equal("first", Assert.Throws<NetlinkException>(() => Execute(kernel)).Operation);
        refuse = false;
        Execute(kernel);
    }

    [Fact]
    public void An_answer_that_makes_no_sense_or_does_not_come_is_an_error()
    {
        foreach (var script in new Func<ScriptedKernel.Request, IEnumerable<byte[]>>[]
        {
            batch => [ScriptedKernel.Message(batch, FilterMessage.NewTable, new byte[4])],
            batch => [Answer(batch, 9)],
            batch => [Answer(batch, 3)[..19]],
        })
        {
            using var kernel = new ScriptedKernel(script);
            var refused = Assert.Throws<NetlinkException>(() => Execute(kernel));
            Assert.Equal((Operation, Errno.EBADMSG), (refused.Operation, refused.Errno));
        }

        using var silent = new ScriptedKernel(_ => []);
        Assert.Equal((Errno.EAGAIN, "no answer"), Assert.Throws<NetlinkException>(() => Execute(silent)) is var lost ? (lost.Errno, lost.KernelMessage) : default);
    }

    private static void Execute(ScriptedKernel kernel) =>
        kernel.Socket.ExecuteBatch(
            FilterMessage.WriteBatchEdge(FilterMessage.BatchBegin),
            [.. new[] { "first", "second", "third" }.Select(name => new BatchedRequest(FilterMessage.WriteNewTable(new FilterTable(Table)), name))],
            FilterMessage.WriteBatchEdge(FilterMessage.BatchEnd),
            Operation);

    /// <summary>An acknowledgement of the message of that number, the first edge being 0.</summary>
    private static byte[] Answer(ScriptedKernel.Request batch, uint number, Errno errno = 0, string? words = null)
    {
        var header = batch.Header with { Sequence = batch.Header.Sequence + number };
        return ScriptedKernel.Acknowledge(batch with { Header = header }, (int)errno, words);
    }

    private static List<NetlinkHeader> MessagesOf(ScriptedKernel.Request batch)
    {
        List<NetlinkHeader> headers = [];
        var reader = new ReplyReader([.. MemoryMarshal.AsBytes([batch.Header]), .. batch.Body]);
        while (reader.Next())
            headers.Add(reader.Header);
        return headers;
    }
}

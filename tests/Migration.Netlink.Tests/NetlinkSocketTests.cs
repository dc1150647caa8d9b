using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink.Tests;

public sealed class NetlinkSocketTests
{
    private static MessageWriter Change => LinkMessage.WriteDelete(7);

    private static MessageWriter Question => LinkMessage.WriteGet(7);

    [Fact]
    public void A_change_is_done_when_it_is_acknowledged()
    {
        using var kernel = new ScriptedKernel(request => [ScriptedKernel.Acknowledge(request)]);
        kernel.Socket.Execute(Change, "delete link 7");

        var header = Assert.Single(kernel.Requests).Header;
        Assert.Equal(LinkMessage.Delete, header.Type);
        Assert.Equal(NetlinkHeader.Request | NetlinkHeader.Acknowledge, header.Flags);
        Assert.Equal(ScriptedKernel.Port, header.Port);
    }

    [Fact]
    public void A_refusal_carries_errno_words_and_offset()
    {
        using var kernel = new ScriptedKernel(request => [ScriptedKernel.Acknowledge(request, (int)Errno.EINVAL, "mtu is silly", 44)]);
        var refused = Assert.Throws<NetlinkException>(() => kernel.Socket.Execute(Change, "delete link 7"));
        Assert.Equal((Errno.EINVAL, "mtu is silly", 44), (refused.Errno, refused.KernelMessage, refused.Offset));
        Assert.Equal("delete link 7: Invalid argument (EINVAL): mtu is silly at byte 44 of the request", refused.Message);
    }

    [Fact]
    public void An_uncapped_acknowledgement_repeats_the_request_before_its_words()
    {
        using var kernel = new ScriptedKernel(request =>
        {
            byte[] repeated = [.. BitConverter.GetBytes(request.Header.Length), .. new byte[12], .. request.Body];
            byte[] body = [.. BitConverter.GetBytes(-(int)Errno.EBUSY), .. repeated, .. ScriptedKernel.Attribute(1, "in use\0"u8.ToArray())];
            return [ScriptedKernel.Message(request, NetlinkHeader.Error, body, NetlinkHeader.HasAttributes)];
        });
        Assert.Equal("in use", Assert.Throws<NetlinkException>(() => kernel.Socket.Execute(Change, "delete link 7")).KernelMessage);
    }

    [Fact]
    public void A_question_has_exactly_one_answer()
    {
        var answers = 1;
        using var kernel = new ScriptedKernel(request =>
            [.. Enumerable.Repeat(ScriptedKernel.Link(request, 7, "eth0"), answers), ScriptedKernel.Acknowledge(request)]);

        Assert.Equal("eth0", kernel.Socket.Get(Question, "get link 7", LinkMessage.Read).Name);
        foreach (var wrong in new[] { 0, 2 })
        {
            answers = wrong;
            var refused = Assert.Throws<NetlinkException>(() => kernel.Socket.Get(Question, "get link 7", LinkMessage.Read));
            Assert.Equal(Errno.EBADMSG, refused.Errno);
        }
    }

    [Fact]
    public void A_dump_comes_in_many_messages_and_datagrams()
    {
        using var kernel = new ScriptedKernel(request =>
        [
            [.. ScriptedKernel.Link(request, 1, "lo", NetlinkHeader.Multi), .. ScriptedKernel.Link(request, 2, "eth0", NetlinkHeader.Multi)],
            ScriptedKernel.Link(request, 3, "eth1", NetlinkHeader.Multi),
            ScriptedKernel.Done(request),
        ]);
        Assert.Equal(["lo", "eth0", "eth1"], DumpNames(kernel));
        Assert.Equal(NetlinkHeader.Request | NetlinkHeader.Acknowledge | NetlinkHeader.Dump, kernel.Requests[0].Header.Flags);
    }

    [Fact]
    public void Interrupted_dump_is_retried()
    {
        var attempts = 0;
        using var kernel = new ScriptedKernel(request =>
        {
            var interrupted = ++attempts < NetlinkSocket.DumpAttempts ? NetlinkHeader.DumpInterrupted : (ushort)0;
            return
            [
                ScriptedKernel.Link(request, attempts, $"try{attempts}", NetlinkHeader.Multi),
                ScriptedKernel.Done(request, flags: (ushort)(NetlinkHeader.Multi | interrupted)),
            ];
        });
        Assert.Equal([$"try{NetlinkSocket.DumpAttempts}"], DumpNames(kernel));
    }

    [Fact]
    public void Interrupted_dump_is_retried_then_reported()
    {
        using var kernel = new ScriptedKernel(request =>
            [ScriptedKernel.Link(request, 1, "lo", NetlinkHeader.Multi | NetlinkHeader.DumpInterrupted), ScriptedKernel.Done(request)]);
        var refused = Assert.Throws<NetlinkException>(() => DumpNames(kernel));
        Assert.Equal(Errno.EINTR, refused.Errno);
        Assert.Equal(NetlinkSocket.DumpAttempts, kernel.Requests.Count);
    }

    [Fact]
    public void The_end_of_a_dump_may_be_a_refusal_with_words()
    {
        using var kernel = new ScriptedKernel(request =>
        [
            ScriptedKernel.Link(request, 1, "lo", NetlinkHeader.Multi),
            ScriptedKernel.Done(request, (int)Errno.ENOBUFS, NetlinkHeader.Multi | NetlinkHeader.HasAttributes, ScriptedKernel.Attribute(1, "too much\0"u8.ToArray())),
        ]);
        var refused = Assert.Throws<NetlinkException>(() => DumpNames(kernel));
        Assert.Equal((Errno.ENOBUFS, "too much"), (refused.Errno, refused.KernelMessage));
    }

    [Fact]
    public void A_lost_answer_is_reported_and_the_next_request_works()
    {
        var lose = true;
        using var kernel = new ScriptedKernel(request => lose ? [] : [ScriptedKernel.Acknowledge(request)]);
        var lost = Assert.Throws<NetlinkException>(() => kernel.Socket.Execute(Change, "delete link 7"));
        Assert.Equal((Errno.EAGAIN, "no answer"), (lost.Errno, lost.KernelMessage));

        lose = false;
        kernel.Socket.Execute(Change, "delete link 7");
    }

    [Fact]
    public void A_late_answer_to_a_request_given_up_is_skipped()
    {
        ScriptedKernel.Request? first = null;
        using var kernel = new ScriptedKernel(request =>
        {
            if (first is not null)
                return [ScriptedKernel.Acknowledge(first, (int)Errno.EBUSY), ScriptedKernel.Link(first, 9, "old"), ScriptedKernel.Link(request, 7, "eth0"), ScriptedKernel.Acknowledge(request)];
            first = request;
            return [];
        });
        Assert.Throws<NetlinkException>(() => kernel.Socket.Execute(Change, "delete link 7"));
        Assert.Equal("eth0", kernel.Socket.Get(Question, "get link 7", LinkMessage.Read).Name);
    }

    [Fact]
    public void An_answer_from_the_future_or_for_somebody_else_is_refused()
    {
        foreach (var (sequence, port) in new (uint, uint)[] { (99, ScriptedKernel.Port), (1, 1) })
        {
            using var kernel = new ScriptedKernel(request => [ScriptedKernel.Message(request, NetlinkHeader.Error, new byte[20], 0, sequence, port)]);
            Assert.Equal(Errno.EBADMSG, Assert.Throws<NetlinkException>(() => kernel.Socket.Execute(Change, "delete link 7")).Errno);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(15)]
    [InlineData(19)]
    public void A_garbled_answer_is_reported_and_what_is_left_of_it_is_thrown_away(int keep)
    {
        var garble = true;
        using var kernel = new ScriptedKernel(request => garble
            ? [[.. ScriptedKernel.Link(request, 1, "lo"), .. ScriptedKernel.Acknowledge(request)[..keep], 1], ScriptedKernel.Link(request, 2, "left over")]
            : [ScriptedKernel.Link(request, 7, "eth0"), ScriptedKernel.Acknowledge(request)]);
        var refused = Assert.Throws<NetlinkException>(() => kernel.Socket.Get(Question, "get link 7", LinkMessage.Read));
        Assert.Equal((Errno.EBADMSG, "get link 7"), (refused.Errno, refused.Operation));

        garble = false;
        Assert.Equal("eth0", kernel.Socket.Get(Question, "get link 7", LinkMessage.Read).Name);
    }

    [Fact]
    public async Task Many_threads_get_each_their_own_answer()
    {
        using var kernel = new ScriptedKernel(request =>
        {
            var index = BitConverter.ToInt32(request.Body, 4);
            return [ScriptedKernel.Link(request, index, $"link{index}"), ScriptedKernel.Acknowledge(request)];
        });
        await Parallel.ForEachAsync(Enumerable.Range(1, 500), (index, _) =>
        {
            Assert.Equal($"link{index}", kernel.Socket.Get(LinkMessage.WriteGet(index), "get", LinkMessage.Read).Name);
            return ValueTask.CompletedTask;
        });
    }

    private static IEnumerable<string> DumpNames(ScriptedKernel kernel) =>
        kernel.Socket.Dump(LinkMessage.WriteDump(), "list links", LinkMessage.Read).Select(link => link.Name);
}

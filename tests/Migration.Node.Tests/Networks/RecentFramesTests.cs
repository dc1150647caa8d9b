using Migration.Linux;
using Migration.Node.Networks;

namespace Migration.Node.Tests.Networks;

public sealed class RecentFramesTests
{
    private readonly RecentFrames _recent = new(mostFrames: 3, mostBytes: 100);

    [Fact]
    public void Frame_that_was_swallowed_among_those_that_wait_comes_in_its_place()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);
        Add(3, seen: 30);

        Assert.Equal([Frame(1), Frame(2), Frame(3)], _recent.Complete([Frame(1), Frame(3)], waiting: 3, since: 99));
    }

    [Fact]
    public void Frame_that_was_swallowed_between_two_looks_comes_with_the_second()
    {
        Add(1, seen: 10);
        Assert.Equal([Frame(1)], _recent.Complete([Frame(1)], waiting: 1, since: 99));
        Add(2, seen: 20);
        Assert.Equal([Frame(2)], _recent.Complete([], waiting: 2, since: 99));

        Assert.Empty(_recent.Complete([], waiting: 2, since: 99));
    }

    [Fact]
    public void Frame_that_is_on_its_way_into_the_tap_is_waited_for()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);

        Assert.Equal([Frame(1)], _recent.Complete([Frame(1)], waiting: 1, since: 99));
        Assert.Equal([Frame(2)], _recent.Complete([Frame(2)], waiting: 2, since: 99));
    }

    [Fact]
    public void Frame_before_all_that_wait_comes_first_if_it_is_young_enough_to_be_inside()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);

        Assert.Equal([Frame(1), Frame(2)], _recent.Complete([Frame(2)], waiting: 2, since: 10));
    }

    [Fact]
    public void Frames_that_were_never_seen_are_taken_as_they_are()
    {
        Add(1, seen: 10);

        Assert.Equal([Frame(8), Frame(9)], _recent.Complete([Frame(8), Frame(9)], waiting: 1, since: 99));
    }

    [Fact]
    public void Frames_that_had_to_make_room_are_not_missed()
    {
        for (byte number = 1; number <= 5; number++)
            Add(number, seen: number);

        Assert.Equal([Frame(4), Frame(5)], _recent.Complete([Frame(4)], waiting: 5, since: 99));
        Add(6, seen: 6);
        Assert.Equal([Frame(6)], _recent.Complete([Frame(6)], waiting: 6, since: 99));
    }

    [Fact]
    public void Frame_inside_is_the_one_before_the_first_that_was_not_read()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);
        Add(3, seen: 30);

        Assert.Equal(Frame(2), _recent.Before(Frame(3), since: 15));
    }

    [Fact]
    public void Frame_inside_is_the_last_if_all_were_read()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);

        Assert.Equal(Frame(2), _recent.Before(null, since: 20));
    }

    [Fact]
    public void Frame_that_is_older_was_delivered()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);

        Assert.Null(_recent.Before(Frame(2), since: 11));
        Assert.Null(_recent.Before(null, since: 21));
    }

    [Fact]
    public void Nothing_is_before_the_oldest_or_before_a_frame_that_was_not_seen()
    {
        Assert.Null(_recent.Before(null, since: 0));
        Add(1, seen: 10);

        Assert.Null(_recent.Before(Frame(1), since: 0));
        Assert.Null(_recent.Before(Frame(9), since: 0));
    }

    [Fact]
    public void Frames_are_the_same_whatever_header_is_before_them()
    {
        Add(1, seen: 10);
        Add(2, seen: 20);
        var unread = Frame(2);
        unread[0] = 0xff;

        Assert.Equal(Frame(1), _recent.Before(unread, since: 0));
    }

    [Fact]
    public void Of_two_frames_that_look_the_same_the_newer_one_counts()
    {
        Add(7, seen: 10);
        Add(1, seen: 20);
        Add(7, seen: 30);

        Assert.Equal(Frame(1), _recent.Before(Frame(7), since: 0));
    }

    [Fact]
    public void Older_frames_make_room_for_newer_ones()
    {
        for (byte number = 1; number <= 5; number++)
            Add(number, seen: number);

        Assert.Null(_recent.Before(Frame(3), since: 0));
        Assert.Equal(Frame(3), _recent.Before(Frame(4), since: 0));
    }

    [Fact]
    public void Large_frames_make_more_of_them_go()
    {
        Add(1, seen: 1);
        Add(2, seen: 2);
        _recent.Add(Frame(3, length: 80), 3);

        Assert.Null(_recent.Before(Frame(2), since: 0));
        Assert.Equal(Frame(2), _recent.Before(Frame(3, length: 80), since: 0));
    }

    private void Add(byte number, long seen) => _recent.Add(Frame(number), seen);

    private static byte[] Frame(byte number, int length = 20)
    {
        var frame = new byte[length];
        frame.AsSpan(PacketSocket.VirtioNetHeaderSize).Fill(number);
        return frame;
    }
}

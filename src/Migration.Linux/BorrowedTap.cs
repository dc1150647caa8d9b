namespace Migration.Linux;

/// <summary>
/// The reading end of a tap that another process holds, shared with it: what it has not read yet can be read here instead. For a QEMU whose
/// guest is stopped, whose unread frames are to follow the guest.
/// </summary>
public sealed unsafe class BorrowedTap : IDisposable
{
    private const nuint TUNGETVNETHDRSZ = 0x800454d7;
    private readonly IReadOnlyList<FileDescriptor> _queues;

    private BorrowedTap(IReadOnlyList<FileDescriptor> queues, int headerLength) => (_queues, HeaderLength) = (queues, headerLength);

    public int Queues => _queues.Count;

    /// <summary>Bytes of virtio-net header before each frame.</summary>
    public int HeaderLength { get; }

    /// <summary>Finds the tap of this name among what the process has open; null if it has none, or has ended.</summary>
    public static BorrowedTap? Find(int processId, string name)
    {
        try
        {
            using var process = ProcessHandle.Open(processId);
            var queues = Numbers(processId, name).Select(number => process.Borrow(number)).ToList();
            return queues.Count == 0 ? null : new BorrowedTap(queues, HeaderOf(queues[0]));
        }
        catch (Exception gone) when (gone is LinuxException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The next frame, header first, that nobody has read; false when there is none. Never blocks.</summary>
    public bool TryRead(Span<byte> buffer, out int length)
    {
        foreach (var queue in _queues)
        {
            if (!PollDescriptor.Wait(queue, PollDescriptor.In, 0))
                continue;
            length = queue.Read(buffer);
            return true;
        }

        length = 0;
        return false;
    }

    public void Dispose()
    {
        foreach (var queue in _queues)
            queue.Dispose();
    }

    // /proc/PID/fdinfo of a tap's descriptor has a line "iff:" with the interface's name.
    private static IEnumerable<int> Numbers(int processId, string name) =>
        from path in Directory.EnumerateFiles($"/proc/{processId}/fd")
        where new FileInfo(path).LinkTarget == "/dev/net/tun"
        let number = Path.GetFileName(path)
        where File.ReadLines($"/proc/{processId}/fdinfo/{number}").Any(line => line.StartsWith("iff:", StringComparison.Ordinal) && line[4..].Trim() == name)
        select int.Parse(number, System.Globalization.CultureInfo.InvariantCulture);

    private static int HeaderOf(FileDescriptor queue)
    {
        var size = 0;
        LibC.Ioctl(queue, TUNGETVNETHDRSZ, &size).OrThrow("ask a tap for its header's length");
        return size;
    }
}

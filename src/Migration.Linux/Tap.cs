using System.Runtime.InteropServices;
using System.Text;

namespace Migration.Linux;

/// <summary>A tap device: a network interface whose far end is one or more descriptors, one per queue. Closing them all deletes it unless it is persistent.</summary>
public sealed unsafe class Tap : IDisposable
{
    private const nuint TUNSETIFF = 0x400454ca, TUNSETPERSIST = 0x400454cb, TUNSETOWNER = 0x400454cc, TUNSETGROUP = 0x400454ce;
    private const nuint TUNSETOFFLOAD = 0x400454d0;
    private const ushort IFF_TAP = 0x0002, IFF_MULTI_QUEUE = 0x0100, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;
    private const int NameLimit = 15;

    private readonly List<FileDescriptor> _queues;

    private Tap(string name, List<FileDescriptor> queues)
    {
        Name = name;
        _queues = queues;
    }

    public string Name { get; }

    /// <summary>What to hand to QEMU, in order.</summary>
    public IReadOnlyList<FileDescriptor> Queues => _queues;

    /// <summary>
    /// Creates the tap in a namespace, or attaches to the one of that name. Attaching to a single-queue tap that somebody has
    /// open already fails with EBUSY.
    /// </summary>
    public static Tap Open(NetworkNamespace space, string name, TapOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Queues, 1);
        if (Encoding.UTF8.GetByteCount(name) is 0 or > NameLimit)
            throw new ArgumentException($"not an interface name: \"{name}\"", nameof(name));

        var tap = new Tap(name, []);
        try
        {
            for (var queue = 0; queue < options.Queues; queue++)
                tap._queues.Add(OpenQueue(space, name, options));
            tap.Configure(options);
            return tap;
        }
        catch
        {
            tap.Dispose();
            throw;
        }
    }

    /// <summary>A persistent tap outlives its descriptors.</summary>
    public void SetPersistent(bool persistent) => Control(TUNSETPERSIST, persistent ? 1 : 0, "make persistent");

    /// <summary>
    /// Says what the reader of the tap can digest (TUNSETOFFLOAD): QEMU sets this itself from what the guest negotiated; a reader of our own that
    /// wants whole frames with finished checksums leaves it at none.
    /// </summary>
    public void SetOffloads(TapOffloads offloads) => Control(TUNSETOFFLOAD, (nint)offloads, "set offloads");

    public void Dispose()
    {
        foreach (var queue in _queues)
            queue.Dispose();
    }

    private static FileDescriptor OpenQueue(NetworkNamespace space, string name, TapOptions options)
    {
        // Which namespace the interface appears in is decided by who opens the device, not by who configures it.
        var queue = space.OpenFile("/dev/net/tun", FileAccess.ReadWrite);
        try
        {
            var request = new InterfaceRequest { Flags = IFF_TAP | IFF_NO_PI };
            if (options.VirtioNetHeader)
                request.Flags |= IFF_VNET_HDR;
            if (options.Queues > 1)
                request.Flags |= IFF_MULTI_QUEUE;
            Encoding.UTF8.GetBytes(name, new Span<byte>(request.Name, NameLimit));
            LibC.Ioctl(queue, TUNSETIFF, &request).OrThrow($"create tap {name} in {space}");
            KernelChange.Made($"open tap {name}");
            return queue;
        }
        catch
        {
            queue.Dispose();
            throw;
        }
    }

    private void Configure(TapOptions options)
    {
        if (options.Owner is { } owner)
            Control(TUNSETOWNER, (nint)owner, "set owner");
        if (options.Group is { } group)
            Control(TUNSETGROUP, (nint)group, "set group");
        if (options.Persistent)
            SetPersistent(true);
    }

    private void Control(nuint request, nint argument, string act)
    {
        LibC.Ioctl(_queues[0], request, argument).OrThrow($"{act} of tap {Name}");
        KernelChange.Made($"{act} of tap {Name}");
    }

    /// <summary><c>struct ifreq</c> of netdevice(7), the members that TUNSETIFF reads.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    internal struct InterfaceRequest
    {
        [FieldOffset(0)] public fixed byte Name[16];
        [FieldOffset(16)] public ushort Flags;
    }
}
